import type { NextApiRequest, NextApiResponse } from 'next';

export default async function handler(_req: NextApiRequest, res: NextApiResponse) {
  res.write('held');
  await new Promise((resolve) => res.once('close', resolve));
}

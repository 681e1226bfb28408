import type { NextApiRequest, NextApiResponse } from 'next';

export const config = { api: { responseLimit: false } };

export default function handler(_req: NextApiRequest, res: NextApiResponse) {
  res.setHeader('content-type', 'text/plain');
  res.send('x'.repeat(6 << 20));
}

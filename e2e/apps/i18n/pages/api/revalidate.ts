import type { NextApiRequest, NextApiResponse } from 'next';

export default async function handler(req: NextApiRequest, res: NextApiResponse) {
  try {
    await res.revalidate(String(req.query.path));
    res.json({ revalidated: true });
  } catch (cause) {
    res.status(500).json({ revalidated: false, cause: String(cause) });
  }
}

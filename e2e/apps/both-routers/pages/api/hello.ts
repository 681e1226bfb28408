import type { NextApiRequest, NextApiResponse } from 'next';

export default function handler(req: NextApiRequest, res: NextApiResponse) {
  res.json({ url: req.url, query: req.query, added: req.headers['x-added'], body: req.body ?? null });
}

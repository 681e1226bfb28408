import type { NextApiRequest, NextApiResponse } from 'next';

export default function handler(req: NextApiRequest, res: NextApiResponse) {
  if (req.method === 'DELETE') return res.status(204).end();
  if (req.method === 'PUT') return res.status(405).setHeader('allow', 'GET, DELETE').end();
  res.status(200).json({ method: req.method, query: req.query, cookies: req.cookies, url: req.url, preview: req.preview ?? false });
}

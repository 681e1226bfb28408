import type { NextApiRequest, NextApiResponse } from 'next';

/** The body as Next parsed it. */
export default function handler(req: NextApiRequest, res: NextApiResponse) {
  res.json({ type: typeof req.body, body: req.body });
}

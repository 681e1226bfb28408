import type { NextApiRequest, NextApiResponse } from 'next';

export default function handler(req: NextApiRequest, res: NextApiResponse) {
  res.setDraftMode({ enable: req.query.end === undefined });
  res.end('done');
}

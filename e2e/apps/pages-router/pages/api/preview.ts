import type { NextApiRequest, NextApiResponse } from 'next';

export default function handler(req: NextApiRequest, res: NextApiResponse) {
  if (req.query.end !== undefined) res.clearPreviewData();
  else res.setPreviewData({ id: 7 }, { maxAge: 600 });
  res.end('done');
}

import type { NextApiRequest, NextApiResponse } from 'next';

export default function handler(req: NextApiRequest, res: NextApiResponse) {
  if (req.query.permanent !== undefined) return res.redirect(308, '/ssg');
  res.redirect('/ssg?from=api');
}

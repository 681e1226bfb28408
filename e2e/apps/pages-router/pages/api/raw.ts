import { createHash } from 'node:crypto';
import type { NextApiRequest, NextApiResponse } from 'next';

export const config = { api: { bodyParser: false } };

export default async function handler(req: NextApiRequest, res: NextApiResponse) {
  const hash = createHash('sha256');
  let size = 0;
  for await (const chunk of req) {
    hash.update(chunk);
    size += chunk.length;
  }
  res.json({ parsed: req.body !== undefined, size, sha256: hash.digest('hex') });
}

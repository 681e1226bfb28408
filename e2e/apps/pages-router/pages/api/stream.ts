import type { NextApiRequest, NextApiResponse } from 'next';
import { pass } from '../../gate';

export default async function handler(req: NextApiRequest, res: NextApiResponse) {
  res.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache, no-transform' });
  for (let i = 0; i < 4; i++) {
    if (i > 0) await pass(req.cookies['gate'], i, 50);
    res.write(`data: ${i}\n\n`);
  }
  res.end();
}

import type { NextApiRequest, NextApiResponse } from 'next';

export default async function handler(_req: NextApiRequest, res: NextApiResponse) {
  res.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache, no-transform' });
  for (let i = 0; i < 4; i++) {
    res.write(`data: ${i}\n\n`);
    await new Promise((resolve) => setTimeout(resolve, 150));
  }
  res.end();
}

import { createHash } from 'node:crypto';

export async function POST(request: Request) {
  const hash = createHash('sha256');
  let size = 0;
  for await (const chunk of request.body ?? []) { hash.update(chunk); size += chunk.length; }
  return Response.json({ size, sha256: hash.digest('hex'), length: request.headers.get('x-body-length') });
}

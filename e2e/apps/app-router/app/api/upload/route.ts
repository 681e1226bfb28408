import { createHash } from 'node:crypto';

export async function POST(request: Request) {
  const hash = createHash('sha256');
  let size = 0;
  if (request.body !== null) for await (const part of request.body as unknown as AsyncIterable<Uint8Array>) {
    hash.update(part);
    size += part.byteLength;
  }
  return Response.json({ size, sha256: hash.digest('hex') });
}

import { createHash } from 'node:crypto';

export const dynamic = 'force-dynamic';

/** `?size=` bytes that depend on their place, with their hash in a header. */
export function GET(request: Request) {
  const size = Number(new URL(request.url).searchParams.get('size'));
  const bytes = new Uint8Array(size);
  for (let i = 0; i < size; i++) bytes[i] = (i * 31 + (i >> 8)) & 255;
  return new Response(bytes, { headers: { 'content-type': 'application/octet-stream', 'x-sha256': createHash('sha256').update(bytes).digest('hex') } });
}

/** The rest of a partially prerendered page, whose shell the edge has sent. */
import type { IncomingMessage } from 'node:http';

const LARGEST = 100 << 20;

/**
 * Returns the state from which the render resumes when the edge requests the rest of a page. Undefined for any other
 * request. From then on the request is the client's own again: a GET without a body. No client can send such a request,
 * because the edge removes its header.
 */
export async function takeState(request: IncomingMessage): Promise<string | undefined> {
  if (request.headers['next-resume'] !== '1' || request.method !== 'POST') return undefined;
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request) {
    if (!Buffer.isBuffer(chunk)) continue;
    length += chunk.length;
    if (length > LARGEST) throw new Error(`The state of a page is larger than ${LARGEST} bytes`);
    chunks.push(chunk);
  }
  request.method = 'GET';
  for (const name of ['next-resume', 'content-type', 'content-length']) delete request.headers[name];
  return Buffer.concat(chunks).toString('utf8');
}

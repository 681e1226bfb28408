/** The rest of a partially prerendered page, whose shell the edge has sent. */
import type { IncomingMessage } from 'node:http';

const LARGEST = 100 << 20;

/**
 * The state that the render goes on from, when the edge asks for the rest; undefined for any other request. From then on
 * the request is the visitor's own again: a GET without a body. No visitor can ask like this, the edge takes it out.
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

import { createServer } from 'node:http';
import { renderId } from './lib';

const PORT = 4199;
let listening: Promise<void> | undefined;

/** An origin that answers every request with something new, in this very process: a sandbox reaches no other. */
export async function origin(): Promise<string> {
  listening ??= new Promise((resolve) => {
    const server = createServer((_, response) => response.end(renderId()));
    server.once('error', () => resolve()); // another process of the same network listens already
    server.listen(PORT, '127.0.0.1', () => resolve());
    server.unref();
  });
  await listening;
  return `http://127.0.0.1:${PORT}`;
}

import { rm } from 'node:fs/promises';
import type { Server as HttpServer } from 'node:http';
import { createServer, isIP, type Server, type Socket } from 'node:net';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';

/** The longest header of PROXY protocol v1, line end included. */
const MAX_HEADER = 107;
const HEADER_MS = 5_000;
const HEADER = /^PROXY (?:UNKNOWN|TCP[46] (\S+) \S+ \d+ \d+)$/;

/**
 * Takes connections that an edge worker passes on: a header of PROXY protocol v1 with the client's address, then the
 * bytes of the client. Rate limits and the access log so see the client and not the edge. On a unix socket in a
 * directory of the platform alone, so that the header can be trusted.
 */
export class ProxiedListener {
  readonly #http: HttpServer;
  readonly #server: Server;

  constructor(http: HttpServer) {
    this.#http = http;
    this.#server = createServer({ pauseOnConnect: true }, (socket) => this.#accept(socket));
  }

  async listen(path: string): Promise<Result<void>> {
    await rm(path, { force: true });
    return new Promise((resolve) => {
      this.#server.once('error', (error: NodeJS.ErrnoException) =>
        resolve(
          fail(
            'internal',
            `The server cannot listen on ${path}`,
            'Check that the data directory is writable.',
            error.code ?? error.message,
          ),
        ),
      );
      this.#server.listen(path, () => resolve(ok(undefined)));
    });
  }

  close(): void {
    if (this.#server.listening) this.#server.close();
  }

  #accept(socket: Socket): void {
    const late = setTimeout(() => socket.destroy(), HEADER_MS);
    let read = Buffer.alloc(0);
    const drop = (): void => void socket.destroy();
    const take = (chunk: Buffer): void => {
      read = Buffer.concat([read, chunk]);
      const end = read.indexOf('\r\n');
      if (end < 0 && read.length < MAX_HEADER) return;
      socket.off('data', take);
      socket.off('error', drop);
      socket.pause();
      clearTimeout(late);
      const header = end < 0 ? null : HEADER.exec(read.toString('latin1', 0, end));
      if (header === null) return drop();
      const address = header[1] ?? '';
      if (isIP(address) !== 0) Object.defineProperty(socket, 'remoteAddress', { value: address });
      const rest = read.subarray(end + 2);
      if (rest.length > 0) socket.unshift(rest);
      this.#http.emit('connection', socket);
      socket.resume();
    };
    socket.once('close', () => clearTimeout(late));
    socket.on('error', drop);
    socket.on('data', take);
    socket.resume();
  }
}

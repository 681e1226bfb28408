import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';

/** A received response: a head without its blank line, and the body that it declares. */
export type RawResponse = Readonly<{ head: string; body: string }>;

/**
 * Sends one request after the other on one connection, each in one packet, as browsers do. For responses with a
 * declared length.
 */
export class TestClient {
  readonly #socket: Socket;
  #got = '';
  #wanted: (() => void) | undefined;
  closed = false;

  constructor(port: number, localAddress = '127.0.0.1') {
    this.#socket = connect({ port, host: '127.0.0.1', localAddress, noDelay: true });
    this.#socket.on('data', (chunk: Buffer) => {
      this.#got += chunk.toString('latin1');
      this.#wanted?.();
    });
    this.#socket.on('close', () => {
      this.closed = true;
      this.#wanted?.();
    });
    this.#socket.on('error', () => undefined);
  }

  get(path: string, more = '', host = 'app.localhost'): Promise<RawResponse> {
    return this.raw(`GET ${path} HTTP/1.1\r\nhost: ${host}\r\n${more}\r\n`);
  }

  /** Sends a whole request. Reads a body where its response may have one. */
  async raw(request: string): Promise<RawResponse> {
    this.#socket.write(request, 'latin1');
    for (;;) {
      const response = this.#nextResponse(request.startsWith('HEAD '));
      if (response !== undefined) return response;
      assert.ok(!this.closed, 'the connection was closed without a response');
      await new Promise<void>((resolve) => {
        this.#wanted = resolve;
      });
    }
  }

  end(): void {
    this.#socket.destroy();
  }

  #nextResponse(bodiless: boolean): RawResponse | undefined {
    const end = this.#got.indexOf('\r\n\r\n');
    if (end === -1) return undefined;
    const head = this.#got.slice(0, end);
    const length =
      bodiless || head.startsWith('HTTP/1.1 304 ') ? 0 : Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? 0);
    if (this.#got.length < end + 4 + length) return undefined;
    const body = this.#got.slice(end + 4, end + 4 + length);
    this.#got = this.#got.slice(end + 4 + length);
    return { head, body };
  }
}

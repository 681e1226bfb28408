import { request } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Platform } from './platform.ts';
import { nodeServer } from './repository.ts';

const EVENTS = nodeServer(`
  globalThis.boot ??= Math.random().toString(36); globalThis.streams ??= new Set();
  if (req.url === '/events') { res.writeHead(200, { 'content-type': 'text/event-stream' }); res.write('data: open\\n\\n'); streams.add(res); res.on('close', () => streams.delete(res)); return; }
  if (req.url.startsWith('/say/')) { for (const stream of streams) stream.write('data: ' + req.url.slice(5) + '\\n\\n'); return res.end(String(streams.size)); }
  res.end(globalThis.boot);`);
/** The upgrade by hand: a server without dependencies that echoes each short text frame in capitals. */
const SOCKET = `
  .on('upgrade', (req, socket) => {
    const accept = require('node:crypto').createHash('sha1').update(req.headers['sec-websocket-key'] + '258EAFA5-E914-47DA-95CA-C5AB0DC85B11').digest('base64');
    socket.write('HTTP/1.1 101 Switching Protocols\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\nSec-WebSocket-Accept: ' + accept + '\\r\\n\\r\\n');
    socket.on('data', (frame) => {
      const length = frame[1] & 127, mask = frame.subarray(2, 6);
      const text = Buffer.from(frame.subarray(6, 6 + length).map((byte, i) => byte ^ mask[i % 4])).toString().toUpperCase();
      socket.write(Buffer.concat([Buffer.from([0x81, text.length]), Buffer.from(text)]));
    });
    socket.on('error', () => {});
  })`;

/** A site with an event stream, a WebSocket, and a front page that names its process. */
export const LIVE_SITE: Readonly<Record<string, string>> = {
  ...EVENTS,
  'server.js': (EVENTS['server.js'] ?? '').replace('.listen(', `${SOCKET}.listen(`),
};

/** Opens a request and collects its body as it arrives. */
export function openStream(platform: Platform, host: string, path: string, headers: Record<string, string> = {}) {
  const seen: { text: string; upgraded?: Duplex; status?: number } = { text: '' };
  const call = request(
    {
      host: '127.0.0.1',
      port: platform.edgePort,
      path,
      agent: false,
      headers: { host: `${host}:${platform.edgePort}`, ...headers },
    },
    (response) => {
      if (response.statusCode !== undefined) seen.status = response.statusCode;
      response
        .setEncoding('utf8')
        .on('data', (text: string) => (seen.text += text))
        .on('error', () => undefined);
    },
  );
  call.on('upgrade', (response, socket) => {
    if (response.statusCode !== undefined) seen.status = response.statusCode;
    seen.upgraded = socket;
    socket.on('error', () => undefined);
    socket.on('data', (frame: Buffer) => (seen.text += frame.subarray(2).toString()));
  });
  call.on('error', () => undefined).end();
  return { seen, close: () => (seen.upgraded ?? call).destroy() };
}

/**
 * Sends three requests at once to live.localhost, with pauses around the time after which an idle function stops.
 * `platform` returns the one that runs: tests restart it.
 */
export class Trickle {
  /** The processes that responded. */
  readonly boots = new Set<string>();
  /** Responses that should not have been. */
  readonly wrong: string[] = [];
  readonly #stopping = new AbortController();
  readonly #ended: Promise<void>;

  constructor(platform: () => Platform) {
    this.#ended = this.#run(platform);
  }

  stop(): Promise<void> {
    this.#stopping.abort();
    return this.#ended;
  }

  async #run(platform: () => Platform): Promise<void> {
    for (let round = 0; !this.#stopping.signal.aborted; round++) {
      const responses = await Promise.all([1, 2, 3].map(() => platform().request('live.localhost')));
      for (const { status, body } of responses) {
        if (status === 200) this.boots.add(body);
        else this.wrong.push(`${status} ${body}`);
      }
      await this.#pause([6_500, 1_000, 7_000, 7_500, 900, 8_000][round % 6] ?? 0);
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const { signal } = this.#stopping;
      const done = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      signal.addEventListener('abort', done);
    });
  }
}

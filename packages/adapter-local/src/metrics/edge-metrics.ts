import { request } from 'node:http';
import { z } from 'zod';
import { countsOf, type RequestCounts } from '@anchor/core/metrics/request-counts.ts';

/** Counts of one deployment within the second that starts at `at`, in milliseconds since the epoch. */
export type EdgeRow = Readonly<{ at: number; deploymentId: string; counts: RequestCounts }>;

const reply = z.object({
  instance: z.string(),
  until: z.number(),
  rows: z.array(z.tuple([z.number(), z.string(), z.array(z.number())])),
});

const TIMEOUT_MS = 2_000;
const MAX_BYTES = 64 * 1_048_576;

/** Reads the counts of the edge workers through their control sockets: each row once while a worker lives. */
export class EdgeMetrics {
  readonly #sockets: () => readonly string[];
  readonly #report: (problem: string) => void;
  readonly #positions = new Map<string, Readonly<{ instance: string; until: number }>>();
  readonly #unreadable = new Set<string>();

  constructor(sockets: () => readonly string[], report: (problem: string) => void) {
    this.#sockets = sockets;
    this.#report = report;
  }

  /** Returns what is new. A worker that is not running has nothing. */
  async read(): Promise<readonly EdgeRow[]> {
    return (await Promise.all(this.#sockets().map((socket) => this.#readFrom(socket)))).flat();
  }

  /** Lets the workers forget what was read: the next reader, which knows no position, would count it again. */
  async acknowledge(): Promise<void> {
    await Promise.allSettled(this.#sockets().map((socket) => get(socket, this.#pathFor(socket))));
  }

  #pathFor(socket: string): string {
    const known = this.#positions.get(socket);
    return known === undefined ? '/metrics?after=0' : `/metrics?after=${known.until}&instance=${known.instance}`;
  }

  async #readFrom(socket: string): Promise<readonly EdgeRow[]> {
    const known = this.#positions.get(socket);
    const text = await get(socket, this.#pathFor(socket)).catch(() => undefined);
    if (text === undefined) return [];
    const read = parsed(text);
    if (read === undefined) return this.#reportOnce(socket);
    this.#unreadable.delete(socket);
    const { instance, until, rows } = read;
    this.#positions.set(socket, { instance, until });
    // A worker of an earlier version takes the position of another instance for its own.
    const after = instance === known?.instance ? known.until : 0;
    return rows
      .filter(([second]) => second > after)
      .map(([second, deploymentId, counts]) => ({ at: second * 1_000, deploymentId, counts: countsOf(counts) }));
  }

  /** The counts of the other workers must not be lost with this one's. */
  #reportOnce(socket: string): readonly EdgeRow[] {
    if (!this.#unreadable.has(socket)) this.#report(`the counts of the worker at ${socket} cannot be read`);
    this.#unreadable.add(socket);
    return [];
  }
}

function parsed(text: string): z.infer<typeof reply> | undefined {
  try {
    return reply.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function get(socketPath: string, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = request({ socketPath, path, timeout: TIMEOUT_MS }, (response) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        bytes += chunk.length;
        if (bytes > MAX_BYTES) sent.destroy(new Error('the counts of a worker are too large'));
      });
      response.once('end', () => resolve(Buffer.concat(chunks).toString('utf8')));
      response.once('error', reject);
    });
    sent.once('timeout', () => sent.destroy(new Error('a worker does not respond')));
    sent.once('error', reject);
    sent.end();
  });
}

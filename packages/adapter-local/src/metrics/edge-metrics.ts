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
  readonly #positions = new Map<string, Readonly<{ instance: string; until: number }>>();

  constructor(sockets: () => readonly string[]) {
    this.#sockets = sockets;
  }

  /** Returns what is new. A worker that is not running has nothing. */
  async read(): Promise<readonly EdgeRow[]> {
    return (await Promise.all(this.#sockets().map((socket) => this.#readFrom(socket)))).flat();
  }

  async #readFrom(socket: string): Promise<readonly EdgeRow[]> {
    const known = this.#positions.get(socket);
    const text = await get(socket, `/metrics?after=${known?.until ?? 0}`).catch(() => undefined);
    if (text === undefined) return [];
    const { instance, until, rows } = reply.parse(JSON.parse(text));
    this.#positions.set(socket, { instance, until });
    // The request had the position of the instance before, which is no position of this one.
    const after = instance === known?.instance ? known.until : 0;
    return rows
      .filter(([second]) => second > after)
      .map(([second, deploymentId, counts]) => ({ at: second * 1_000, deploymentId, counts: countsOf(counts) }));
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

import { Agent, request } from 'node:http';
import { anchorError, err, fail, type Result } from '@anchor/core/result/result.ts';
import type { ControlEndpoint } from '@anchor/protocol/function-control.ts';
import type { z } from 'zod';

/** The host does not run, or ended before it responded. */
const LOST: ReadonlySet<string> = new Set(['ECONNREFUSED', 'ENOENT', 'ECONNRESET', 'EPIPE', 'EAGAIN']);
/** Between two attempts while no host responds, in milliseconds: the first pause, and the longest. */
const [FIRST_PAUSE_MS, MAX_PAUSE_MS] = [5, 100];

/** Connections to the control socket of the function host. */
export class ControlConnection {
  readonly #socketPath: string;
  readonly #responseMs: number;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 64, maxFreeSockets: 4 });

  constructor(socketPath: string, responseMs: number) {
    this.#socketPath = socketPath;
    this.#responseMs = responseMs;
  }

  /**
   * Sends a message and parses the response; `not_ready` when no host responds. Every message may arrive twice without
   * harm, so that it is sent again when the connection is lost, for up to `patienceMs`.
   */
  async send<T extends z.ZodType>(
    endpoint: ControlEndpoint,
    message: unknown,
    schema: T,
    patienceMs: number,
  ): Promise<z.output<T> | Result<never>> {
    const deadline = performance.now() + patienceMs;
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, MAX_PAUSE_MS)) {
      try {
        const parsed = schema.safeParse(JSON.parse(await this.#request(endpoint, message)));
        if (parsed.success) return parsed.data;
        return fail(
          'internal',
          'Invalid response of the function host',
          'Restart the platform: the host and the edge run different versions.',
          parsed.error.issues[0]?.message,
        );
      } catch (cause) {
        if (!isLost(cause) || performance.now() + pause > deadline) return err(notReady(cause));
        await new Promise((resolve) => setTimeout(resolve, pause));
      }
    }
  }

  close(): void {
    this.#agent.destroy();
  }

  #request(endpoint: ControlEndpoint, message: unknown): Promise<string> {
    const [method, path] = endpoint.split(' ');
    const body = message === undefined ? '' : JSON.stringify(message);
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    return new Promise((resolve, reject) => {
      const outgoing = request(
        { socketPath: this.#socketPath, agent: this.#agent, method, path, headers, timeout: this.#responseMs },
        (response) => {
          let text = '';
          response.setEncoding('utf8');
          response.on('data', (chunk: string) => (text += chunk));
          response.once('end', () => resolve(text));
          response.once('error', reject);
        },
      );
      outgoing.once('timeout', () => outgoing.destroy(new Error(`no response within ${this.#responseMs / 1_000} s`)));
      outgoing.once('error', reject);
      outgoing.end(body);
    });
  }
}

const isLost = (cause: unknown): boolean =>
  cause instanceof Error && 'code' in cause && typeof cause.code === 'string' && LOST.has(cause.code);

const notReady = (cause: unknown) =>
  anchorError(
    'not_ready',
    'The function host does not respond',
    'Retry in a moment; if the platform is not running, start it with ./up.',
    cause instanceof Error ? cause.message : String(cause),
  );

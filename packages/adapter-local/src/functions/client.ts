import { randomBytes } from 'node:crypto';
import { Agent, request } from 'node:http';
import type { DeploymentId } from '@anchor/core/names/id.ts';
import type { FunctionHost } from '@anchor/core/ports/function-host.ts';
import { anchorError, err, fail, ok, type Result } from '@anchor/core/result/result.ts';
import type { z } from 'zod';
import { acquireAnswer, emptyAnswer, statusAnswer, touchAnswer, type HostStatus } from './protocol.ts';

/** The function host as other processes see it, and what only this home can say about it. */
export type FunctionHostClient = FunctionHost & Readonly<{
  /** Puts files and Node in place, so that the first start is as fast as later ones. */
  prepare(deploymentId: DeploymentId): Promise<Result<void>>;
  status(): Promise<Result<HostStatus>>;
  close(): void;
}>;

export type ClientOptions = Readonly<{
  /** How long to wait for a host that does not answer its socket (it is being restarted). Default 10 s. */
  reconnectMs?: number;
  /** How long an answer may take once the host has the message: above its start time-out. Default 60 s. */
  answerMs?: number;
}>;

/** A client of the host's control socket. Every error is a value; `not_ready` means that no host runs. */
export function createFunctionHostClient(socketPath: string, { reconnectMs = 10_000, answerMs = 60_000 }: ClientOptions = {}): FunctionHostClient {
  const agent = new Agent({ keepAlive: true, maxSockets: 64, maxFreeSockets: 4 });
  const caller = `${process.pid}-${randomBytes(6).toString('hex')}`;
  const acquiring = new Map<DeploymentId, ReturnType<FunctionHost['acquire']>>();

  const once = (method: string, path: string, body: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const outgoing = request({ socketPath, agent, method, path, headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }, timeout: answerMs }, (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => (text += chunk));
        response.once('end', () => resolve(text));
        response.once('error', reject);
      });
      outgoing.once('timeout', () => outgoing.destroy(new Error(`no answer within ${answerMs / 1_000} s`)));
      outgoing.once('error', reject);
      outgoing.end(body);
    });

  /** Every message may be sent twice without harm, so a lost connection is answered by sending it again. */
  async function send<T extends z.ZodType>(method: string, path: string, message: unknown, answer: T, patienceMs: number): Promise<z.output<T> | Result<never>> {
    const deadline = performance.now() + patienceMs;
    const body = message === undefined ? '' : JSON.stringify(message);
    for (let pause = 5; ; pause = Math.min(pause * 2, 100)) {
      try {
        const parsed = answer.safeParse(JSON.parse(await once(method, path, body)));
        return parsed.success ? parsed.data : fail('internal', 'The function host answered something else', 'Restart the platform: host and edge are of different versions.', parsed.error.issues[0]?.message);
      } catch (cause) {
        const lost = cause instanceof Error && 'code' in cause && typeof cause.code === 'string' && LOST.has(cause.code);
        if (!lost || performance.now() + pause > deadline) {
          return err(anchorError('not_ready', 'The function host does not answer', 'It is being restarted, or it is not running: start the platform with ./up.', cause instanceof Error ? cause.message : String(cause)));
        }
        await new Promise((resolve) => setTimeout(resolve, pause));
      }
    }
  }

  return {
    acquire(deploymentId) {
      const same = acquiring.get(deploymentId);
      if (same !== undefined) return same;
      const asking = send('POST', '/acquire', { caller, deploymentId }, acquireAnswer, reconnectMs)
        .then((answer) => (answer.ok ? ok(answer.value) : err(plain(answer.error))))
        .finally(() => acquiring.delete(deploymentId));
      acquiring.set(deploymentId, asking);
      return asking;
    },
    async touch(use) {
      const list = Object.entries(use).map(([deploymentId, { inflight }]) => ({ deploymentId, inflight }));
      if (list.length === 0) return [];
      const answer = await send('POST', '/touch', { caller, use: list }, touchAnswer, 0);
      // A host that does not answer has renewed nothing: all must be acquired again.
      return answer.ok ? answer.value : list.map(({ deploymentId }) => deploymentId as DeploymentId);
    },
    async stop(deploymentId) {
      await send('POST', '/stop', { deploymentId }, emptyAnswer, 0); // no host, no functions
    },
    async prepare(deploymentId) {
      const answer = await send('POST', '/prepare', { deploymentId }, emptyAnswer, reconnectMs);
      return answer.ok ? ok(undefined) : err(plain(answer.error));
    },
    async status() {
      const answer = await send('GET', '/status', undefined, statusAnswer, 0);
      return answer.ok ? ok(answer.value) : err(plain(answer.error));
    },
    close: () => agent.destroy(),
  };
}

/** The host is away, or went away before it answered. */
const LOST: ReadonlySet<string> = new Set(['ECONNREFUSED', 'ENOENT', 'ECONNRESET', 'EPIPE', 'EAGAIN']);

const plain = ({ code, message, fix, cause }: Readonly<{ code: Parameters<typeof anchorError>[0]; message: string; fix: string; cause?: string | undefined }>) => anchorError(code, message, fix, cause);

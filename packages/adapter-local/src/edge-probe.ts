import { request } from 'node:http';
import type { EdgeProbe } from '@anchor/core/ports/edge-probe.ts';
import { fail, ok } from '@anchor/core/result/result.ts';

export type EdgeProbeOptions = Readonly<{
  /** The public listener, as visitors reach it. */
  host: string;
  port: number;
  /** The control sockets of the workers that should be running now; asked anew at each look. */
  controlSockets(): readonly string[];
}>;

const BODY_BYTES = 4096;
const LOOK_AGAIN_MS = 10;

type Reply = Readonly<{ status: number; body: string }>;
type Settled = 'yes' | 'no' | 'absent';

/** Asks the edge of this machine: through its public port like a visitor, and each worker through its control socket. */
export function localEdgeProbe({ host, port, controlSockets }: EdgeProbeOptions): EdgeProbe {
  return {
    async request(name, path, timeoutMs) {
      try {
        return ok(await ask({ host, port, path, headers: { host: `${name}:${port}`, 'user-agent': 'anchor-verify', accept: 'text/html,*/*' } }, timeoutMs));
      } catch (error) {
        return fail('verification_failed', `http://${name}:${port}${path} did not answer within ${Math.round(timeoutMs / 100) / 10} s.`, 'Look at the deployment\'s run-time log; "anchor doctor" shows whether the edge is running.', reason(error));
      }
    },
    async settled(name, deploymentId, timeoutMs) {
      const until = Date.now() + timeoutMs;
      for (;;) {
        const answers = await Promise.all(controlSockets().map((socket) => settledAt(socket, name, deploymentId, Math.max(50, until - Date.now()))));
        // A worker that is not running serves nothing old, and reads the newest routes when it starts.
        if (answers.includes('yes') && !answers.includes('no')) return ok(undefined);
        if (Date.now() >= until) {
          const behind = answers.filter((answer) => answer === 'no').length;
          return fail(
            'verification_failed',
            answers.every((answer) => answer === 'absent') ? 'No edge worker is running.' : `${behind} of ${answers.length} edge workers do not serve ${deploymentId} at ${name} yet.`,
            'Restart the edge; "anchor doctor" shows its state.',
          );
        }
        await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
      }
    },
  };
}

async function settledAt(socketPath: string, name: string, deploymentId: string, timeoutMs: number): Promise<Settled> {
  try {
    const query = new URLSearchParams({ host: name, deployment: deploymentId });
    const { status, body } = await ask({ socketPath, path: `/settled?${query}` }, timeoutMs);
    if (status !== 200) return 'no';
    const answer: unknown = JSON.parse(body);
    return typeof answer === 'object' && answer !== null && 'settled' in answer && answer.settled === true ? 'yes' : 'no';
  } catch (error) {
    return isAbsent(error) ? 'absent' : 'no';
  }
}

function ask(target: Readonly<{ host?: string; port?: number; socketPath?: string; path: string; headers?: Readonly<Record<string, string>> }>, timeoutMs: number): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const { headers, ...where } = target;
    const outgoing = request({ ...where, method: 'GET', agent: false, headers: { ...headers, connection: 'close' } });
    const timer = setTimeout(() => outgoing.destroy(new Error('timed out')), timeoutMs);
    const settle = (act: () => void): void => {
      clearTimeout(timer);
      act();
    };
    outgoing.on('error', (error) => settle(() => reject(error)));
    outgoing.on('response', (answer) => {
      const chunks: Buffer[] = [];
      let size = 0;
      const done = (): void => settle(() => resolve({ status: answer.statusCode ?? 0, body: Buffer.concat(chunks).subarray(0, BODY_BYTES).toString('utf8') }));
      answer.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        size += chunk.length;
        if (size < BODY_BYTES) return;
        done();
        outgoing.destroy();
      });
      answer.on('end', done);
      answer.on('error', (error) => settle(() => reject(error)));
    });
    outgoing.end();
  });
}

const codeOf = (error: unknown): string => (error instanceof Error && 'code' in error ? String(error.code) : '');
const isAbsent = (error: unknown): boolean => codeOf(error) === 'ENOENT' || codeOf(error) === 'ECONNREFUSED';
const reason = (error: unknown): string => (error instanceof Error ? error.message : String(error));

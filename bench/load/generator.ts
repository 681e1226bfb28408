import { spawnSync } from 'node:child_process';
import { Agent, request } from 'node:http';
import { setPriority } from 'node:os';
import type { LoadSpec, Sample } from './spec.ts';

// A process of its own: it must not share a thread with what starts it.
const spec = JSON.parse(process.argv[2] ?? '{}') as LoadSpec;
const samples: Sample[] = [];
const failures: Record<string, number> = {};
const agent = new Agent({
  keepAlive: spec.fresh !== true,
  maxSockets: spec.connections,
  maxFreeSockets: spec.connections,
});

try {
  // A client has a machine of its own: its clock must not stop because a build wants the processor.
  setPriority(-10);
} catch {
  // Not root: then the figures include our own waiting too.
}
/**
 * Raises this thread's priority over all others where the load is light, because groups and sessions share the
 * processors first. It alone: the threads that collect its garbage would take the processors from all others.
 */
const comeFirst = (): boolean =>
  spawnSync('chrt', ['--fifo', '--pid', '1', String(process.pid)], { stdio: 'ignore' }).status === 0;
let first = false;
/**
 * The first requests are slow on this side: code that runs for the first time. Not among the samples, but none may
 * fail.
 */
const WARM_REQUESTS = 50;

function sendRequest(path: number, due: number): Promise<void> {
  return new Promise((resolve) => {
    const done = (body: number, failure?: string): void => {
      samples.push([path, performance.timeOrigin + due, performance.now() - due, body]);
      if (failure !== undefined) failures[failure] = (failures[failure] ?? 0) + 1;
      resolve();
    };
    const outgoing = request(
      {
        host: '127.0.0.1',
        port: spec.port,
        path: spec.paths[path] ?? '/',
        agent,
        headers: { ...spec.headers, host: spec.host },
      },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        response.once('error', (error: NodeJS.ErrnoException) => done(-1, `cut: ${error.code ?? error.message}`));
        response.once('end', () => {
          if (response.statusCode !== 200) return done(-1, `status ${response.statusCode}`);
          if (spec.bodies === undefined) return text === '' ? done(-1, 'empty body') : done(0);
          const held = spec.bodies.flatMap((body, i) => (text.includes(body) ? [i] : []));
          return held.length === 1 ? done(held[0] ?? -1) : done(-1, 'wrong body');
        });
      },
    );
    outgoing.once('error', (error: NodeJS.ErrnoException) => done(-1, `connection: ${error.code ?? error.message}`));
    outgoing.setTimeout(30_000, () => outgoing.destroy(new Error('no response within 30 s')));
    outgoing.end();
  });
}

if (spec.requests !== undefined) {
  let left = spec.requests;
  await Promise.all(
    Array.from({ length: spec.connections }, async (_, connection) => {
      for (let i = connection; left > 0; i++) {
        left--;
        await sendRequest(i % spec.paths.length, performance.now());
      }
    }),
  );
} else {
  const { perSecond = 1, seconds = 1 } = spec;
  first = comeFirst();
  for (let i = 0; i < WARM_REQUESTS; i++) await sendRequest(i % spec.paths.length, performance.now());
  samples.length = 0;
  process.stderr.write('ready\n');
  const begin = performance.now() + 100;
  const pending: Promise<void>[] = [];
  for (let i = 0; i < perSecond * seconds; i++) {
    const due = begin + (i * 1_000) / perSecond;
    const pause = due - performance.now();
    if (pause > 0) await new Promise((resolve) => setTimeout(resolve, pause));
    for (const path of spec.paths.keys()) pending.push(sendRequest(path, due));
  }
  await Promise.all(pending);
}
agent.destroy();
process.stdout.write(JSON.stringify({ samples, failures, first }));

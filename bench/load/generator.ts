import { spawnSync } from 'node:child_process';
import { Agent, request } from 'node:http';
import { setPriority } from 'node:os';
import type { LoadSpec, Sample } from './spec.ts';

// A process of its own: it must not share a thread with what starts it.
const spec = JSON.parse(process.argv[2] ?? '{}') as LoadSpec;
const samples: Sample[] = [];
const failures: Record<string, number> = {};
const agent = new Agent({ keepAlive: true, maxSockets: spec.connections, maxFreeSockets: spec.connections });

try {
  // A visitor has a machine of his own: his clock must not stop because a build wants the processor.
  setPriority(-10);
} catch {
  // Not root: then the figures hold our own waiting too.
}
/**
 * Among groups and sessions, which share the processors first, that is not enough. Where the load is light, this thread goes
 * before all others; it alone, as the ones that collect its garbage would take the processors from everybody.
 */
const comeFirst = (): boolean => spawnSync('chrt', ['--fifo', '--pid', '1', String(process.pid)], { stdio: 'ignore' }).status === 0;
let first = false;
/** The first requests are slow on this side: code that runs for the first time. Not among the samples, but none may fail. */
const WARM_REQUESTS = 50;

function ask(path: number, due: number): Promise<void> {
  return new Promise((resolve) => {
    const done = (body: number, failure?: string): void => {
      samples.push([path, performance.timeOrigin + due, performance.now() - due, body]);
      if (failure !== undefined) failures[failure] = (failures[failure] ?? 0) + 1;
      resolve();
    };
    const outgoing = request({ host: '127.0.0.1', port: spec.port, path: spec.paths[path] ?? '/', agent, headers: { host: spec.host } }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      answer.once('error', (error: NodeJS.ErrnoException) => done(-1, `cut: ${error.code ?? error.message}`));
      answer.once('end', () => {
        if (answer.statusCode !== 200) return done(-1, `status ${answer.statusCode}`);
        if (spec.bodies === undefined) return text === '' ? done(-1, 'empty body') : done(0);
        const held = spec.bodies.flatMap((body, i) => (text.includes(body) ? [i] : []));
        return held.length === 1 ? done(held[0] ?? -1) : done(-1, 'wrong body');
      });
    });
    outgoing.once('error', (error: NodeJS.ErrnoException) => done(-1, `connection: ${error.code ?? error.message}`));
    outgoing.setTimeout(30_000, () => outgoing.destroy(new Error('no answer within 30 s')));
    outgoing.end();
  });
}

if (spec.requests !== undefined) {
  let left = spec.requests;
  await Promise.all(Array.from({ length: spec.connections }, async (_, connection) => {
    for (let i = connection; left > 0; i++) {
      left--;
      await ask(i % spec.paths.length, performance.now());
    }
  }));
} else {
  const { perSecond = 1, seconds = 1 } = spec;
  first = comeFirst();
  for (let i = 0; i < WARM_REQUESTS; i++) await ask(i % spec.paths.length, performance.now());
  samples.length = 0;
  process.stderr.write('ready\n');
  const begin = performance.now() + 100;
  const waiting: Promise<void>[] = [];
  for (let i = 0; i < perSecond * seconds; i++) {
    const due = begin + (i * 1_000) / perSecond;
    const pause = due - performance.now();
    if (pause > 0) await new Promise((resolve) => setTimeout(resolve, pause));
    for (const path of spec.paths.keys()) waiting.push(ask(path, due));
  }
  await Promise.all(waiting);
}
agent.destroy();
process.stdout.write(JSON.stringify({ samples, failures, first }));

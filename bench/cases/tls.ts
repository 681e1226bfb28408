import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { connect, type TLSSocket } from 'node:tls';
import { compared, type Case, type Result } from '../case.ts';
import { h2load } from '../load/h2load.ts';
import { handshakes } from '../load/handshakes.ts';
import { wrk } from '../load/wrk.ts';
import { memoryOfTree } from '../measure/memory.ts';
import { processorSeconds } from '../measure/processor.ts';
import { list, median } from '../measure/stats.ts';
import { testAuthority } from '../subjects/tls-certificates.ts';
import { startTlsEdge } from '../subjects/tls-edge.ts';
import { startTlsNginx } from '../subjects/tls-nginx.ts';

const ROUNDS = 5;
const SECONDS = 3;
const PATH = '/file.html';
const BODY = '<p>Anchor</p>\n'.repeat(440);
const IDLE = 1_000;
const HANDSHAKE_PROCESSES = 4;

type Subject = Readonly<{ port: number; pids: readonly number[] }>;

/** `run`: one round; returns something per second. */
type Row = Readonly<{
  id: string;
  what: string;
  unit: string;
  atLeast: number;
  run(subject: Subject): Promise<number>;
}>;

const ROWS: readonly Row[] = [
  {
    id: 'tls-keep-alive',
    what: 'static file over TLS, kept connections',
    unit: 'requests/s',
    atLeast: 0.9,
    async run({ port }) {
      const { perSecond, errors } = await wrk({
        port,
        host: 'bench.localhost',
        path: PATH,
        connections: 32,
        seconds: SECONDS,
        secure: true,
      });
      if (errors > 0) throw new Error(`${errors} requests failed`);
      return perSecond;
    },
  },
  {
    id: 'tls-handshake-full',
    what: 'full handshakes (TLS 1.3, P-256)',
    unit: 'handshakes/s',
    atLeast: 0.75,
    run: ({ port }) => handshakes({ port, resumed: false, seconds: SECONDS, processes: HANDSHAKE_PROCESSES }),
  },
  {
    id: 'tls-handshake-resumed',
    what: 'resumed handshakes (TLS 1.2)',
    unit: 'handshakes/s',
    atLeast: 0.75,
    run: ({ port }) => handshakes({ port, resumed: true, seconds: SECONDS, processes: HANDSHAKE_PROCESSES }),
  },
  {
    id: 'http2-1-stream',
    what: 'static file over HTTP/2, one stream per connection',
    unit: 'requests/s',
    atLeast: 0.95,
    run: ({ port }) => h2load({ port, path: PATH, connections: 32, streams: 1, seconds: SECONDS }),
  },
  {
    id: 'http2-10-streams',
    what: 'static file over HTTP/2, ten streams per connection',
    unit: 'requests/s',
    atLeast: 2,
    run: ({ port }) => h2load({ port, path: PATH, connections: 32, streams: 10, seconds: SECONDS }),
  },
];

export const tls: Case = {
  id: 'tls',
  what: 'TLS and HTTP/2, against nginx with the same certificate, suites and number of workers',
  async run(bench) {
    const issue = await testAuthority();
    const material = await issue('bench.localhost', '127.0.0.1');
    const certificate = { id: 'bench', names: ['bench.localhost', '127.0.0.1'], notAfter: Date.now() + 1e9 };
    const nginx = await startTlsNginx(await bench.temporary(), BODY, material);
    bench.onEnd(() => nginx.stop());
    const edge = await startTlsEdge(await bench.temporary(), BODY, (publisher) =>
      publisher.publish({ ...certificate, ...material }),
    );
    bench.onEnd(() => edge.stop());
    const ours = { port: edge.httpsPort, pids: edge.pids };
    const results: Result[] = [];
    for (const row of ROWS) results.push(await measured(row, ours, nginx, bench.say));
    results.push(await idleMemory(ours, nginx));
    return results;
  },
};

async function measured(
  { id, what, unit, atLeast, run }: Row,
  ours: Subject,
  nginx: Subject,
  say: (line: string) => void,
): Promise<Result> {
  const rounds: { side: Subject; perSecond: number; cost: number }[] = [];
  // The first round of each warms it up.
  await run(ours);
  await run(nginx);
  for (let i = 0; i < ROUNDS; i++)
    for (const side of [ours, nginx]) {
      const before = processorSeconds(side.pids);
      const perSecond = await run(side);
      rounds.push({ side, perSecond, cost: ((processorSeconds(side.pids) - before) * 1e6) / (perSecond * SECONDS) });
    }
  const of = (side: Subject, field: 'perSecond' | 'cost'): readonly number[] =>
    rounds.filter((round) => round.side === side).map((round) => round[field]);
  const texts = [ours, nginx].map(
    (side) => `${list(of(side, 'perSecond'), 0)}/s (${Math.round(median(of(side, 'cost')))} µs of the processor each)`,
  );
  say(`${what}: ours ${texts[0]}, nginx ${texts[1]}`);
  const note = `medians of ${ROUNDS} rounds, turn by turn; the load generator has the same cores`;
  return compared({ id, what, unit, note }, median(of(ours, 'perSecond')), median(of(nginx, 'perSecond')), {
    atLeast,
  });
}

/** Memory that idle connections add, in megabytes of all workers. */
async function idleMemory(ours: Subject, nginx: Subject): Promise<Result> {
  const [a, b] = [await added(ours), await added(nginx)];
  const about = { id: 'tls-idle-memory', what: `memory of ${IDLE} idle TLS connections`, unit: 'MB' };
  return compared(about, a, b, { atMost: 4 });
}

async function added({ port, pids }: Subject): Promise<number> {
  const memory = (): number =>
    pids.reduce((sum, pid) => sum + (memoryOfTree(pid).find((one) => one.pid === pid)?.pssMb ?? 0), 0);
  const before = memory();
  const sockets: TLSSocket[] = [];
  for (let i = 0; i < IDLE; i++) {
    const socket = connect({ port, host: '127.0.0.1', servername: 'bench.localhost', rejectUnauthorized: false });
    socket.on('error', () => undefined);
    await once(socket, 'secureConnect');
    socket.write(`GET ${PATH} HTTP/1.1\r\nhost: bench.localhost\r\n\r\n`);
    await once(socket, 'data');
    socket.resume();
    sockets.push(socket);
  }
  await pause(2_000);
  const after = memory();
  for (const socket of sockets) socket.destroy();
  return after - before;
}

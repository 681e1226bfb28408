import { once } from 'node:events';
import { connect } from 'node:tls';
import { bounded, type Case } from '../case.ts';
import { memoryOfTree } from '../measure/memory.ts';
import { testAuthority } from '../subjects/tls-certificates.ts';
import { startTlsEdge, type TlsEdge } from '../subjects/tls-edge.ts';

const DOMAINS = 5_000;
/** More than the contexts that are kept. */
const CONNECTED = 1_000;
const BODY = 'x';

export const tlsDomains: Case = {
  id: 'tls-domains',
  what: `start and memory of a worker with ${DOMAINS} domains, each with a certificate`,
  async run(bench) {
    const issue = await testAuthority();
    // One key pair for all: files and contexts are separate, whatever they hold.
    const material = await issue('bench.localhost', ...Array.from({ length: 20 }, (_, i) => `s${i}.example.com`));
    const names = Array.from({ length: DOMAINS }, (_, i) => `site-${i}.customer-${i}.example`);
    const publish = (count: number) => (publisher: TlsEdge['publisher']) =>
      publisher
        .setDomains(names.slice(0, count).map((name) => ({ name, httpsOnly: true, hstsSeconds: 0 })))
        .then(() => Promise.all(names.slice(0, count).map((name) => publisher.publish(certificateOf(name)))))
        .then(() => undefined);
    const certificateOf = (name: string) => ({ id: name, names: [name], notAfter: Date.now() + 1e9, ...material });
    const one = await startTlsEdge(await bench.temporary(), BODY, publish(1));
    bench.onEnd(() => one.stop());
    const many = await startTlsEdge(await bench.temporary(), BODY, publish(DOMAINS));
    bench.onEnd(() => many.stop());
    for (let i = 0; i < CONNECTED; i++) {
      await handshake(one, names[0] ?? '');
      await handshake(many, names[i] ?? '');
    }
    const memory = await largest(many.pids);
    const base = await largest(one.pids);
    bench.say(
      `start ${many.startMs.map(Math.round).join(', ')} ms; with one ${one.startMs.map(Math.round).join(', ')}`,
    );
    return [
      bounded(
        { id: 'tls-domains-start', what: `start with ${DOMAINS} domains, beyond one with a single one`, unit: 'ms' },
        Math.max(...many.startMs) - Math.max(...one.startMs),
        1_000,
      ),
      bounded(
        { id: 'tls-domains-memory', what: `memory of ${DOMAINS} domains per worker`, unit: 'MB' },
        memory - base,
        30,
      ),
    ];
  },
};

async function handshake({ httpsPort }: TlsEdge, servername: string): Promise<void> {
  const socket = connect({ port: httpsPort, host: '127.0.0.1', servername, rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  socket.destroy();
}

const largest = async (pids: readonly number[]): Promise<number> =>
  Math.max(...pids.map((pid) => memoryOfTree(pid).find((one) => one.pid === pid)?.rssMb ?? 0));

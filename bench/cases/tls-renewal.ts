import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { connect } from 'node:tls';
import { promisify } from 'node:util';
import { bounded, type Case } from '../case.ts';
import { testAuthority } from '../subjects/tls-certificates.ts';
import { startTlsEdge, type TlsEdge } from '../subjects/tls-edge.ts';

const REQUESTS = 1_000_000;
const SITES = 20;
const NAMES = Array.from({ length: SITES }, (_, i) => `site-${i}.localhost`);
const PATH = '/file.html';

export const tlsRenewal: Case = {
  id: 'tls-renewal',
  what: `requests that fail of ${REQUESTS}, while all certificates are renewed all the time`,
  async run(bench) {
    const issue = await testAuthority();
    let issued = 0;
    // A renewal is a new certificate that is published before the old one is withdrawn.
    const renew = async (publisher: TlsEdge['publisher'], names: readonly string[]): Promise<void> => {
      const before = (await publisher.published()).filter((id) => id.startsWith(`${names[0]} `));
      const material = await issue(...names);
      await publisher.publish({
        id: `${names[0]} ${issued++}`,
        names,
        notAfter: Date.now() + 1e9 + issued,
        ...material,
      });
      for (const id of before) await publisher.withdraw(id);
    };
    const all = [['127.0.0.1'], ...NAMES.map((name) => [name])];
    const edge = await startTlsEdge(await bench.temporary(), 'hello', async (publisher) => {
      for (const names of all) await renew(publisher, names);
    });
    bench.onEnd(() => edge.stop());
    const state = { done: false, rounds: 0, fresh: 0, failed: 0 };
    const renewals = (async () => {
      while (!state.done) {
        for (const names of all) await renew(edge.publisher, names);
        state.rounds++;
        await pause(100);
      }
    })();
    const clients = NAMES.slice(0, 4).map(async (name) => {
      while (!state.done)
        if (await isServed(edge.httpsPort, name)) state.fresh++;
        else state.failed++;
    });
    const failed = await load(edge.httpsPort).finally(() => {
      state.done = true;
    });
    await Promise.all([renewals, ...clients]);
    bench.say(`${state.rounds} renewals of ${all.length} certificates, ${state.fresh} connections opened meanwhile`);
    return [
      bounded(
        { id: 'tls-renewal', what: `failed of ${REQUESTS} requests, and of the connections`, unit: 'requests' },
        failed + state.failed,
        0,
      ),
    ];
  },
};

/** Returns how many requests of kept connections failed. */
async function load(port: number): Promise<number> {
  const url = `https://127.0.0.1:${port}${PATH}`;
  const { stdout } = await promisify(execFile)('h2load', [`-n${REQUESTS}`, '-c32', '-m10', '-t1', url]);
  const succeeded = Number(/(\d+) succeeded/.exec(stdout)?.[1] ?? 0);
  return REQUESTS - succeeded;
}

/** Requests the file on a connection of its own. */
async function isServed(port: number, servername: string): Promise<boolean> {
  try {
    const socket = connect({ port, host: '127.0.0.1', servername, rejectUnauthorized: false });
    await once(socket, 'secureConnect');
    socket.write(`GET ${PATH} HTTP/1.1\r\nhost: ${servername}\r\nconnection: close\r\n\r\n`);
    let got = '';
    for await (const chunk of socket) got += String(chunk);
    return got.startsWith('HTTP/1.1 200') && got.endsWith('hello');
  } catch {
    return false;
  }
}

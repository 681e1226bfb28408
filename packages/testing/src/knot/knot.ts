import { execFileSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { temporaryDirectory } from '../temporary.ts';
import { freePorts } from '../tools/free-port.ts';
import { ToolProcess } from '../tools/tool-process.ts';

/** A zone: its name and its records as lines of a zone file; SOA comes by itself. `allow` names the key that updates. */
export type KnotZone = Readonly<{ name: string; records: readonly string[]; signed?: true }>;
export type KnotSettings = Readonly<{
  zones: readonly KnotZone[];
  /** Another address of loopback, so that several servers share one port. */
  address?: string;
  /** The types of records that `KNOT_KEY` may update. */
  updates?: readonly ('A' | 'TXT')[];
  port?: number;
}>;

export const KNOT_KEY = {
  name: 'anchor',
  algorithm: 'hmac-sha256',
  secret: 'c2VjcmV0IG9mIHRoZSB0ZXN0cywgMzIgYnl0ZXMgbG9uZw==',
};
const START_TRIES = 5;

/** Returns whether knotd is installed, and says loudly when tests skip because it is not. */
export function hasKnot(): boolean {
  try {
    execFileSync('knotd', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    process.stderr.write('\n!!! SKIPPED: tests with knotd. Install it: apt-get install -y knot knot-dnsutils\n\n');
    return false;
  }
}

/** A real authoritative DNS server (Knot DNS) on loopback, whose zones `KNOT_KEY` may update. */
export class Knot {
  readonly #process: ToolProcess;
  readonly #remove: () => Promise<void>;
  readonly address: string;
  readonly port: number;

  private constructor(process: ToolProcess, remove: () => Promise<void>, address: string, port: number) {
    this.#process = process;
    this.#remove = remove;
    this.address = address;
    this.port = port;
  }

  static async start({ zones, address = '127.0.0.1', port, updates = ['TXT'] }: KnotSettings): Promise<Knot> {
    for (let tries = 1; ; tries++) {
      const [free = 0] = port === undefined ? await freePorts(1) : [port];
      const { path, remove } = await temporaryDirectory();
      await writeFiles(path, { zones, updates, address, port: free });
      const process = new ToolProcess('knotd', ['--config', join(path, 'knot.conf')]);
      if (await process.ready(() => accepts(address, free))) return new Knot(process, remove, address, free);
      await remove();
      if (tries === START_TRIES) throw new Error(`knotd does not start: ${process.output}`);
    }
  }

  get output(): string {
    return this.#process.output;
  }

  async stop(): Promise<void> {
    await this.#process.stop();
    await this.#remove();
  }
}

async function writeFiles(path: string, settings: Required<KnotSettings>): Promise<void> {
  const { zones, updates, address, port } = settings;
  await mkdir(join(path, 'run'));
  const config = `
server:
  rundir: "${path}/run"
  listen: ${address}@${port}
  udp-workers: 1
  tcp-workers: 1
  background-workers: 1
log:
  - target: stderr
    any: warning
database:
  storage: "${path}"
  journal-db-max-size: 16M
  kasp-db-max-size: 16M
  timer-db-max-size: 1M
key:
  - id: ${KNOT_KEY.name}
    algorithm: ${KNOT_KEY.algorithm}
    secret: ${KNOT_KEY.secret}
acl:
  - id: update
    key: ${KNOT_KEY.name}
    action: update
    update-type: [${updates.join(', ')}]
template:
  - id: default
    storage: "${path}"
    acl: update
    zonefile-sync: -1
    zonefile-load: difference
    journal-content: all
zone:
${zones.map(({ name, signed }, at) => `  - domain: ${dotted(name)}\n    file: zone${at}\n    dnssec-signing: ${signed === true ? 'on' : 'off'}`).join('\n')}
`;
  await writeFile(join(path, 'knot.conf'), config);
  for (const [at, { name, records }] of zones.entries()) {
    const origin = dotted(name);
    const soa = '@ 60 IN SOA ns1 admin 1 60 60 3600 60';
    await writeFile(join(path, `zone${at}`), [`$ORIGIN ${origin}`, '$TTL 60', soa, ...records, ''].join('\n'));
  }
}

const dotted = (name: string): string => `${name}.`;

const accepts = (address: string, port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = createConnection(port, address);
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });

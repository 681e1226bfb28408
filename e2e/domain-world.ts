import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { hasKnot, Knot, KNOT_KEY } from '@anchor/testing/knot/knot.ts';
import { Pebble, pebbleTools } from '@anchor/testing/pebble/pebble.ts';
import { freePort, startPlatform, type Platform } from './platform.ts';
import { createRepository, type Repository } from './repository.ts';

const tools = await pebbleTools();
const possible = hasKnot() && tools !== undefined;
/** Skips a test where the tools cannot be had. */
export const needsDomainTools = { skip: possible ? false : 'Pebble or Knot DNS cannot be had' };
const MAIN = fileURLToPath(new URL('../packages/cli/src/main.ts', import.meta.url));

export type Ran = Readonly<{ code: number; stdout: string; stderr: string }>;
export type Page = Readonly<{ status: number; body: string; location: string | undefined; hsts: string | undefined }>;
export type SecureOptions = RequestOptions & Readonly<{ host?: string; body?: string }>;

/**
 * A whole platform with a real CA (Pebble) and a real DNS server (Knot) for the zone `test` on loopback, a user with a
 * repository, and an environment that trusts the CA and resolves `*.test`.
 */
export class DomainWorld {
  readonly dns: Knot;
  readonly pebble: Pebble;
  readonly repository: Repository;
  readonly home: string;
  /** The root certificate of Pebble's chains. */
  readonly root: string;
  readonly edgePort: number;
  readonly httpsPort: number;
  /** Flags with which the platform writes to the zone. */
  readonly providerFlags: readonly string[];
  #platform: Platform | undefined;
  readonly #flags: readonly string[];

  private constructor(
    parts: Pick<DomainWorld, 'dns' | 'pebble' | 'repository' | 'home' | 'root' | 'edgePort' | 'httpsPort'>,
  ) {
    this.dns = parts.dns;
    this.pebble = parts.pebble;
    this.repository = parts.repository;
    this.home = parts.home;
    this.root = parts.root;
    this.edgePort = parts.edgePort;
    this.httpsPort = parts.httpsPort;
    this.providerFlags = ['--dns-providers', join(this.home, 'dns.json')];
    this.#flags = [
      '--https-port',
      String(this.httpsPort),
      '--public-address',
      '127.0.0.1',
      '--dns-resolver',
      `${this.dns.address}:${this.dns.port}`,
      '--acme-directory',
      this.pebble.directoryUrl,
    ];
  }

  /** Starts everything but the platform. */
  static async open(records: readonly string[]): Promise<DomainWorld> {
    assert.ok(tools !== undefined);
    const edgePort = await freePort();
    const httpsPort = await freePort();
    const home = await mkdtemp(join(tmpdir(), 'anchor-test-home-'));
    const all = ['@ NS ns1', 'ns1 A 127.0.0.1', ...records];
    const dns = await Knot.start({ zones: [{ name: 'test', records: all }], updates: ['A', 'TXT'] });
    const resolver = `${dns.address}:${dns.port}`;
    const pebble = await Pebble.start(tools, { dns: resolver, httpPort: edgePort, tlsPort: httpsPort });
    const root = await pebble.issuerRoot();
    await writeFile(join(home, 'root.pem'), root);
    await writeFile(join(home, 'pebble.pem'), pebble.trustedPem);
    await writeFile(join(home, 'resolve.mjs'), RESOLVE_TEST);
    const { name: keyName, algorithm } = KNOT_KEY;
    const provider = { provider: 'rfc2136', server: resolver, keyName, algorithm, secret: { env: 'TEST_TSIG' } };
    await writeFile(join(home, 'dns.json'), JSON.stringify({ zones: { test: provider } }));
    return new DomainWorld({ dns, pebble, repository: await createRepository(), home, root, edgePort, httpsPort });
  }

  get platform(): Platform {
    assert.ok(this.#platform !== undefined);
    return this.#platform;
  }

  /** Starts the platform, or starts it again with other flags. */
  async start(flags: readonly string[]): Promise<Platform> {
    const variables = { NODE_EXTRA_CA_CERTS: join(this.home, 'pebble.pem'), TEST_TSIG: KNOT_KEY.secret };
    Object.assign(process.env, variables);
    const all = [...this.#flags, ...flags];
    this.#platform = await (this.#platform === undefined
      ? startPlatform({ edgePort: this.edgePort, flags: all })
      : this.#platform.restart({ flags: all }));
    for (const name of Object.keys(variables)) delete process.env[name];
    return this.#platform;
  }

  /** Runs a program in the repository, as the user. */
  run(command: string, args: readonly string[]): Promise<Ran> {
    const env = {
      PATH: process.env['PATH'] ?? '',
      HOME: this.home,
      NO_COLOR: '1',
      GIT_TERMINAL_PROMPT: '0',
      NODE_EXTRA_CA_CERTS: join(this.home, 'root.pem'),
      NODE_OPTIONS: `--import=${join(this.home, 'resolve.mjs')}`,
    };
    return new Promise((resolve) => {
      execFile(command, args, { cwd: this.repository.path, env }, (error, stdout, stderr) =>
        resolve({ code: error === null ? 0 : Number(error.code ?? 1), stdout, stderr }),
      );
    });
  }

  anchor(...args: readonly string[]): Promise<Ran> {
    return this.run(process.execPath, [MAIN, ...args]);
  }

  /** Runs git, which reaches a name of the zone on the port for HTTPS and trusts the CA. */
  git(name: string, ...args: readonly string[]): Promise<Ran> {
    const resolved = `http.curloptResolve=${name}:${this.httpsPort}:127.0.0.1`;
    return this.run('git', ['-c', resolved, '-c', `http.sslCAInfo=${join(this.home, 'root.pem')}`, ...args]);
  }

  /** Changes records as a user does at a DNS provider. */
  async update(...lines: readonly string[]): Promise<void> {
    const file = join(this.home, 'update');
    const { algorithm, name, secret } = KNOT_KEY;
    const key = `key ${algorithm}:${name} ${secret}`;
    const head = [`server ${this.dns.address} ${this.dns.port}`, 'zone test.', 'origin test.', key];
    await writeFile(file, [...head, ...lines, 'send', ''].join('\n'));
    const ran = await this.run('knsupdate', [file]);
    assert.equal(ran.code, 0, ran.stdout + ran.stderr);
  }

  /** Requests a page over HTTPS and checks the certificate against Pebble's root. `host`: the header, unless the name. */
  secure(name: string, path = '/', options: SecureOptions = {}): Promise<Page> {
    const { host = `${name}:${this.httpsPort}`, body: sentBody, headers, ...rest } = options;
    const target = { ca: this.root, ...rest, host: '127.0.0.1', port: this.httpsPort, path, servername: name };
    return new Promise((resolve, reject) => {
      const sent = httpsRequest({ ...target, agent: false, headers: { host, ...headers } }, (response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (text: string) => (body += text));
        response.once('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            body,
            location: response.headers.location,
            hsts: response.headers['strict-transport-security'],
          }),
        );
        response.once('error', reject);
      });
      sent.once('error', reject).end(sentBody);
    });
  }

  async stop(): Promise<void> {
    await this.#platform?.stop();
    await this.pebble.stop();
    await this.dns.stop();
    await this.repository.remove();
    await rm(this.home, { recursive: true, force: true });
  }
}

/** Lets a Node process resolve the names of the zone as the internet would. */
const RESOLVE_TEST = `
import dns from 'node:dns';
const { lookup } = dns;
dns.lookup = (name, options, callback) => {
  if (typeof name !== 'string' || !name.endsWith('.test')) return lookup(name, options, callback);
  const found = { address: '127.0.0.1', family: 4 };
  process.nextTick(() => (options?.all ? callback(null, [found]) : callback(null, found.address, 4)));
};
`;

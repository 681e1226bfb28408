import { readFile, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { temporaryDirectory } from '../temporary.ts';
import { freePorts } from '../tools/free-port.ts';
import { goTool } from '../tools/go-tool.ts';
import { ToolProcess } from '../tools/tool-process.ts';

/**
 * Builds Pebble 2.10.3 and its challenge DNS server once per machine. Returns their folder; undefined when they cannot
 * be had. Debian's Pebble is older: without renewal information, profiles and dns-persist-01.
 */
export const pebbleTools = (): Promise<string | undefined> =>
  goTool({
    module: 'github.com/letsencrypt/pebble/v2',
    version: 'v2.10.3',
    packages: '/cmd/...',
    files: {
      'cert.pem': 'test/certs/localhost/cert.pem',
      'key.pem': 'test/certs/localhost/key.pem',
      'ca.pem': 'test/certs/pebble.minica.pem',
    },
  });

export type PebbleOptions = Readonly<{
  /** The DNS server that Pebble resolves by, as `127.0.0.1:53`. */
  dns: string;
  /** The ports that http-01 and tls-alpn-01 are validated at; free ones when absent. */
  httpPort?: number;
  tlsPort?: number;
  /** Keys of external accounts, base64url by key identifier. Accounts without one are then refused. */
  externalAccounts?: Readonly<Record<string, string>>;
  /** Names that are refused. */
  blocked?: readonly string[];
  /** How many good nonces of a hundred are refused. */
  nonceFaults?: number;
  /** How many valid authorizations of a hundred are used again by a later order. */
  authorizationReuse?: number;
  /** What Pebble sends as Retry-After while it works; 0 for none. */
  retryAfterSeconds?: number;
  env?: Readonly<Record<string, string>>;
}>;

const START_TRIES = 5;

/** Let's Encrypt's test CA on ephemeral ports of loopback. What it issues and knows is gone when it stops. */
export class Pebble {
  readonly #process: ToolProcess;
  readonly #management: string;
  readonly #remove: () => Promise<void>;
  readonly directoryUrl: string;
  /** The CA of Pebble's own TLS: what a client must trust to talk to it. */
  readonly trustedPem: string;
  readonly httpPort: number;
  readonly tlsPort: number;

  private constructor(
    process: ToolProcess,
    ports: Readonly<{ acme: number; management: number; http: number; tls: number }>,
    trustedPem: string,
    remove: () => Promise<void>,
  ) {
    this.#process = process;
    this.#management = `https://127.0.0.1:${ports.management}`;
    this.#remove = remove;
    this.directoryUrl = `https://127.0.0.1:${ports.acme}/dir`;
    this.trustedPem = trustedPem;
    this.httpPort = ports.http;
    this.tlsPort = ports.tls;
  }

  /** Starts Pebble from the folder of `pebbleTools`. Refuses 15 % of good nonces unless told otherwise. */
  static async start(tools: string, options: PebbleOptions): Promise<Pebble> {
    const directory = await temporaryDirectory();
    const trusted = await readFile(`${tools}/ca.pem`, 'utf8');
    for (let tries = 1; ; tries++) {
      const [acme = 0, management = 0, http = 0, tls = 0] = await freePorts(4);
      const ports = { acme, management, http: options.httpPort ?? http, tls: options.tlsPort ?? tls };
      await writeFile(`${directory.path}/pebble.json`, JSON.stringify({ pebble: configOf(tools, ports, options) }));
      const args = ['-config', `${directory.path}/pebble.json`, '-dnsserver', options.dns];
      const process = new ToolProcess(`${tools}/pebble`, args, {
        PEBBLE_VA_NOSLEEP: '1',
        PEBBLE_WFE_NONCEREJECT: String(options.nonceFaults ?? 15),
        PEBBLE_AUTHZREUSE: String(options.authorizationReuse ?? 0),
        ...options.env,
      });
      const pebble = new Pebble(process, ports, trusted, directory.remove);
      if (await process.ready(() => pebble.#responds())) return pebble;
      if (tries === START_TRIES) throw new Error(`pebble does not start: ${process.output}`);
    }
  }

  /** What Pebble logged. */
  get output(): string {
    return this.#process.output;
  }

  /** How many orders were placed, and how many certificates issued, by the log. */
  get counts(): Readonly<{ orders: number; issued: number }> {
    const count = (text: string): number => this.#process.output.split(text).length - 1;
    return { orders: count('Added order "'), issued: count('Issued certificate serial ') };
  }

  /** Returns the root certificate that issued certificates lead to. */
  issuerRoot(): Promise<string> {
    return this.#call('GET', `${this.#management}/roots/0`);
  }

  /** Sets the renewal information of a certificate, also to text that is none. */
  async setRenewalInfo(certificatePem: string, response: string): Promise<void> {
    const body = JSON.stringify({ Certificate: certificatePem, ARIResponse: response });
    await this.#call('POST', `${this.#management}/set-renewal-info/`, body);
  }

  async #responds(): Promise<boolean> {
    await this.#call('GET', this.directoryUrl);
    await this.#call('GET', `${this.#management}/roots/0`);
    return true;
  }

  #call(method: string, url: string, body?: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const sent = request(
        url,
        { method, ca: this.trustedPem, agent: false, headers: { 'user-agent': 'test' } },
        (response) => {
          let text = '';
          response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
          response.on('error', reject).on('end', () => {
            if (response.statusCode === 200) resolve(text);
            else reject(new Error(`pebble: ${response.statusCode} ${text}`));
          });
        },
      );
      sent.on('error', reject).end(body);
    });
  }

  async stop(): Promise<void> {
    await this.#process.stop();
    await this.#remove();
  }
}

function configOf(
  tools: string,
  ports: Readonly<{ acme: number; management: number; http: number; tls: number }>,
  { externalAccounts, blocked = [], retryAfterSeconds = 1 }: PebbleOptions,
): unknown {
  return {
    listenAddress: `127.0.0.1:${ports.acme}`,
    managementListenAddress: `127.0.0.1:${ports.management}`,
    certificate: `${tools}/cert.pem`,
    privateKey: `${tools}/key.pem`,
    httpPort: ports.http,
    tlsPort: ports.tls,
    externalAccountBindingRequired: externalAccounts !== undefined,
    ...(externalAccounts === undefined ? {} : { externalAccountMACKeys: externalAccounts }),
    domainBlocklist: blocked,
    retryAfter: { authz: retryAfterSeconds, order: retryAfterSeconds },
    keyAlgorithm: 'ecdsa',
    profiles: {
      default: { description: 'Ninety days', validityPeriod: 7_776_000 },
      shortlived: { description: 'Six days', validityPeriod: 518_400 },
    },
  };
}

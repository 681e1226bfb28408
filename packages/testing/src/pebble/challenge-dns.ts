import { createConnection } from 'node:net';
import { freePorts } from '../tools/free-port.ts';
import { ToolProcess } from '../tools/tool-process.ts';

const START_TRIES = 5;

/**
 * Pebble's challenge DNS server: every name resolves to 127.0.0.1 unless it is told otherwise. `address` is that of its
 * DNS, over UDP and TCP.
 */
export class ChallengeDns {
  readonly #process: ToolProcess;
  readonly #management: string;
  readonly address: string;

  private constructor(process: ToolProcess, management: string, address: string) {
    this.#process = process;
    this.#management = management;
    this.address = address;
  }

  /** Starts the server from the folder of `pebbleTools`. */
  static async start(tools: string): Promise<ChallengeDns> {
    for (let tries = 1; ; tries++) {
      const [dns = 0, management = 0] = await freePorts(2);
      const off = ['-http01', '', '-https01', '', '-tlsalpn01', '', '-doh', '', '-defaultIPv6', ''];
      const bound = ['-dnsserver', `127.0.0.1:${dns}`, '-management', `127.0.0.1:${management}`];
      const process = new ToolProcess(`${tools}/pebble-challtestsrv`, [...off, ...bound]);
      const ready = await process.ready(async () => (await accepts(dns)) && (await accepts(management)));
      if (ready) return new ChallengeDns(process, `http://127.0.0.1:${management}`, `127.0.0.1:${dns}`);
      if (tries === START_TRIES) throw new Error(`pebble-challtestsrv does not start: ${process.output}`);
    }
  }

  /** Adds one value to a name's TXT records. */
  addTxt(name: string, value: string): Promise<void> {
    return this.#post('set-txt', { host: `${name}.`, value });
  }

  /** Removes a name's TXT records. */
  clearTxt(name: string): Promise<void> {
    return this.#post('clear-txt', { host: `${name}.` });
  }

  /** Sets the addresses of a name, of one family. */
  setAddresses(name: string, family: 'a' | 'aaaa', addresses: readonly string[]): Promise<void> {
    return this.#post(`add-${family}`, { host: `${name}.`, addresses });
  }

  /** Sets the CAA records of a name. */
  setCaa(name: string, policies: readonly Readonly<{ tag: string; value: string }>[]): Promise<void> {
    return this.#post('add-caa', { host: `${name}.`, policies });
  }

  /** Makes every query for a name fail with SERVFAIL, as broken DNSSEC does. */
  setServfail(name: string): Promise<void> {
    return this.#post('set-servfail', { host: `${name}.` });
  }

  async #post(path: string, body: unknown): Promise<void> {
    const response = await fetch(`${this.#management}/${path}`, { method: 'POST', body: JSON.stringify(body) });
    await response.arrayBuffer();
    if (!response.ok) throw new Error(`pebble-challtestsrv refused ${path}: ${response.status}`);
  }

  stop(): Promise<void> {
    return this.#process.stop();
  }
}

const accepts = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = createConnection(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });

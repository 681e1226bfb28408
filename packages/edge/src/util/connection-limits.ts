/**
 * Returns the key under which a client is counted: IPv6 addresses of one /64 network are one client, in any spelling.
 */
function groupOf(address: string): string {
  if (!address.includes(':') || address.includes('.')) return address;
  const [before = '', after] = address.split('::', 2);
  const first = before === '' ? [] : before.split(':');
  const last = after === undefined || after === '' ? [] : after.split(':');
  const zeros = after === undefined ? 0 : Math.max(0, 8 - first.length - last.length);
  return [...first, ...Array<string>(zeros).fill('0'), ...last].slice(0, 4).join(':');
}

const LOOPBACK = /^(?:127\.|::1$|::ffff:127\.|$)/;

export type ConnectionLimitSettings = Readonly<{ maxConnections: number; clientConnections: number }>;

/** Counts the open connections of clients, so that none takes all descriptors of the process. */
export class ConnectionLimits {
  readonly #settings: ConnectionLimitSettings;
  readonly #isExempt: (address: string) => boolean;
  readonly #clients = new Map<string, number>();
  #open = 0;

  /**
   * Creates the limits. `isExempt`: many clients connect through this address. They also do through loopback, where a
   * proxy may run.
   */
  constructor(settings: ConnectionLimitSettings, isExempt: (address: string) => boolean) {
    this.#settings = settings;
    this.#isExempt = isExempt;
  }

  /** All places are taken: one has to be given up before the next connection is taken. */
  get full(): boolean {
    return this.#open >= this.#settings.maxConnections;
  }

  /** Returns the function to call when the connection has ended; undefined when its client has too many. */
  enter(address: string): (() => void) | undefined {
    const client = LOOPBACK.test(address) || this.#isExempt(address) ? undefined : groupOf(address);
    if (client !== undefined) {
      const count = this.#clients.get(client) ?? 0;
      if (count >= this.#settings.clientConnections) return undefined;
      this.#clients.set(client, count + 1);
    }
    this.#open++;
    return () => {
      this.#open--;
      if (client === undefined) return;
      const count = this.#clients.get(client) ?? 1;
      if (count === 1) this.#clients.delete(client);
      else this.#clients.set(client, count - 1);
    };
  }

  get open(): number {
    return this.#open;
  }
}

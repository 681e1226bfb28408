import { clientNetwork } from '@anchor/core/names/client-network.ts';

const LOOPBACK = /^(?:127\.|::1$|::ffff:127\.|$)/;

export type ConnectionLimitSettings = Readonly<{ maxConnections: number; clientConnections: number }>;

/** One connection among those that are counted. */
export type ConnectionSlot = Readonly<{
  /** Counts it for another client, which a proxy has named. Returns false when that one has too many. */
  rename(address: string): boolean;
  /** To be called once, when the connection has ended. */
  leave(): void;
}>;

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

  /** Counts a connection; undefined when its client has too many. */
  enter(address: string): ConnectionSlot | undefined {
    const client = this.#count(address);
    if (client === false) return undefined;
    this.#open++;
    return new ClientSlot(client, this.#count, this.#discount);
  }

  get open(): number {
    return this.#open;
  }

  readonly #count = (address: string): string | false => {
    if (LOOPBACK.test(address) || this.#isExempt(address)) return UNCOUNTED;
    const client = clientNetwork(address);
    const count = this.#clients.get(client) ?? 0;
    if (count >= this.#settings.clientConnections) return false;
    this.#clients.set(client, count + 1);
    return client;
  };

  readonly #discount = (client: string, ended: boolean): void => {
    if (ended) this.#open--;
    const count = this.#clients.get(client) ?? 0;
    if (count > 1) this.#clients.set(client, count - 1);
    else this.#clients.delete(client);
  };
}

/** The client of a connection that counts for none. */
const UNCOUNTED = '';

class ClientSlot implements ConnectionSlot {
  #client: string;
  readonly #count: (address: string) => string | false;
  readonly #discount: (client: string, ended: boolean) => void;

  constructor(
    client: string,
    count: (address: string) => string | false,
    discount: (client: string, ended: boolean) => void,
  ) {
    this.#client = client;
    this.#count = count;
    this.#discount = discount;
  }

  rename(address: string): boolean {
    const client = this.#count(address);
    if (client === false) return false;
    this.#discount(this.#client, false);
    this.#client = client;
    return true;
  }

  leave(): void {
    this.#discount(this.#client, true);
  }
}

import type { Ports } from '@anchor/core/ports/ports.ts';

const HOUR_MS = 3_600_000;
/** After a host without a certificate. */
const RETRY_MS = 60_000;
const LOCAL = '.localhost';

type LocalIssuerOptions = Readonly<{
  /** Returns another number after each change of an alias. */
  generation: () => number;
  /** Names that have a certificate although no project has them. */
  keep: readonly string[];
  report: (message: string) => void;
}>;

/**
 * Keeps one certificate of the local CA per host of each project, except those of single deployments: no client accepts
 * `*.localhost`, a wildcard right below a top-level domain. Lists hosts after a change of an alias, and once an hour.
 */
export class LocalIssuer {
  readonly #ports: Pick<Ports, 'projects' | 'aliases' | 'certificates' | 'clock'>;
  readonly #options: LocalIssuerOptions;
  /** What was last reported of each host. */
  readonly #reported = new Map<string, string>();
  #seen = -1;
  #dueAt = 0;

  constructor(ports: Pick<Ports, 'projects' | 'aliases' | 'certificates' | 'clock'>, options: LocalIssuerOptions) {
    this.#ports = ports;
    this.#options = options;
  }

  /** Issues what is missing, and removes the certificates of hosts that are gone. */
  async run(): Promise<void> {
    const now = this.#ports.clock.now();
    const generation = this.#options.generation();
    // A clock that was set back must not stop the retries.
    const isDue = now >= this.#dueAt || this.#dueAt - now > HOUR_MS;
    if (generation === this.#seen && !isDue) return;
    this.#seen = generation;
    this.#dueAt = now + RETRY_MS;
    const hosts = await this.#hosts();
    let failed = false;
    for (const host of hosts) if (!(await this.#issue(host))) failed = true;
    await this.#removeOthers(hosts);
    if (!failed) this.#dueAt = now + HOUR_MS;
  }

  async #hosts(): Promise<ReadonlySet<string>> {
    const { projects, aliases } = this.#ports;
    const hosts = new Set<string>();
    let cursor: string | undefined;
    do {
      const page = await projects.list({ limit: 100, ...(cursor === undefined ? {} : { cursor }) });
      for (const { id } of page.items)
        for (const { host, kind } of await aliases.listByProject(id))
          if (kind !== 'deployment' && host.endsWith(LOCAL)) hosts.add(host);
      cursor = page.cursor;
    } while (cursor !== undefined);
    return hosts;
  }

  /** A host that has a certificate is left alone. */
  async #issue(host: string): Promise<boolean> {
    const requested = await this.#ports.certificates.request([host], 'platform');
    if (requested.ok) {
      this.#reported.delete(host);
      return true;
    }
    const { message, fix } = requested.error;
    if (this.#reported.get(host) !== message) this.#options.report(`no certificate for ${host}: ${message}. ${fix}`);
    this.#reported.set(host, message);
    return false;
  }

  async #removeOthers(hosts: ReadonlySet<string>): Promise<void> {
    const { certificates } = this.#ports;
    for (const { origin, names } of await certificates.list()) {
      const [name] = names;
      if (origin !== 'local' || name === undefined || hosts.has(name) || this.#options.keep.includes(name)) continue;
      await certificates.remove(name, async (other) => hosts.has(other));
    }
    for (const host of this.#reported.keys()) if (!hosts.has(host)) this.#reported.delete(host);
  }
}

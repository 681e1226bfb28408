import type { Ports } from '@anchor/core/ports/ports.ts';

const HOUR_MS = 3_600_000;
/** After a name without a certificate: its challenge may lead nowhere until its owner has set a record. */
const RETRY_MS = 60_000;

type OwnIssuerOptions = Readonly<{
  /** The platform's own names. */
  names: readonly string[];
  report: (message: string) => void;
}>;

/** Requests the certificates of what the platform itself is reached by, once an hour, and after a minute what failed. */
export class OwnIssuer {
  readonly #ports: Pick<Ports, 'certificates' | 'clock'>;
  readonly #options: OwnIssuerOptions;
  /** What was last reported of each name. */
  readonly #reported = new Map<string, string>();
  #dueAt = 0;

  constructor(ports: Pick<Ports, 'certificates' | 'clock'>, options: OwnIssuerOptions) {
    this.#ports = ports;
    this.#options = options;
  }

  /** Requests what is due. Returns whether anything was. Idempotent. */
  async run(): Promise<boolean> {
    const now = this.#ports.clock.now();
    // A clock that was set back must not stop the retries.
    if (now < this.#dueAt && this.#dueAt - now <= HOUR_MS) return false;
    this.#dueAt = now + RETRY_MS;
    let failed = false;
    for (const name of this.#options.names) if (!(await this.#request(name))) failed = true;
    if (!failed) this.#dueAt = now + HOUR_MS;
    return true;
  }

  /** Requests one certificate. Returns false when the request is refused; one that no CA is there for is none. */
  async #request(name: string): Promise<boolean> {
    const { certificates } = this.#ports;
    if (!certificates.canIssue(name).ok) return true;
    const requested = await certificates.request([name], 'platform');
    const message = requested.ok ? '' : requested.error.message;
    if (!requested.ok && this.#reported.get(name) !== message)
      this.#options.report(`no certificate for ${name}: ${message}. ${requested.error.fix}`);
    this.#reported.set(name, message);
    return requested.ok;
  }
}

import { checkDomain } from './check-domain.ts';
import type { ProjectId } from '../names/id.ts';
import type { DomainPorts } from './domain-ports.ts';
import type { Domain } from './domain.ts';
import { HELD_MS } from './ownership.ts';

const AT_ONCE = 16;
const AT_ONCE_PER_PROJECT = 8;
/** What is started until the next look, which is a second later. */
const BATCH = 256;
/** How long a domain rests whose check threw, such as on a full disk. */
const FAULT_MS = 5 * 60_000;

type Due = Readonly<Pick<Domain, 'id' | 'name' | 'projectId'>>;

/**
 * Runs the checks that are due, a few at once; the next one starts as soon as one ends. Each is isolated: one that
 * hangs in DNS or throws delays no other beyond its own place, and is retried later. Checks on demand are no part of it.
 */
export class DomainWatcher {
  readonly #ports: DomainPorts;
  readonly #report: (message: string) => void;
  readonly #running = new Map<string, Readonly<{ projectId: ProjectId; check: Promise<void> }>>();
  /** When the check of a domain that threw is retried: the store itself may be what fails. */
  readonly #resting = new Map<string, number>();
  readonly #ending = new AbortController();
  /** What was due and found no place. */
  #backlog: readonly Due[] = [];

  constructor(ports: DomainPorts, report: (message: string) => void) {
    this.#ports = ports;
    this.#report = report;
  }

  /** Starts what is due and for what there is a free place; resolves when it has started. */
  async run(): Promise<void> {
    const now = this.#ports.clock.now();
    for (const [id, until] of this.#resting) if (until <= now) this.#resting.delete(id);
    if (this.#ending.signal.aborted) return;
    this.#backlog = await this.#ports.domains.due(now, BATCH + this.#running.size + this.#resting.size);
    this.#fill();
  }

  /** Gives the free places to those that wait, in their order. */
  #fill(): void {
    const backlog = this.#backlog;
    this.#backlog = [];
    const stay: Due[] = [];
    for (const domain of this.#ending.signal.aborted ? [] : backlog) {
      if (this.#running.has(domain.id) || this.#resting.has(domain.id)) continue;
      if (this.#running.size >= AT_ONCE || this.#isBusy(domain.projectId)) stay.push(domain);
      else this.#start(domain);
    }
    this.#backlog = stay;
  }

  #start({ id, name, projectId }: Due): void {
    const check = checkDomain(this.#ports)(id, false, this.#ending.signal)
      .then(
        (checked) => (checked.ok ? undefined : this.#fault(id, name, checked.error.message)),
        (error: unknown) =>
          this.#fault(id, name, error instanceof Error ? (error.stack ?? error.message) : String(error)),
      )
      .finally(() => {
        this.#running.delete(id);
        this.#fill();
      });
    this.#running.set(id, { projectId, check });
  }

  /** Returns whether a project has its share of the places: its name servers may be slow on purpose. */
  #isBusy(project: ProjectId): boolean {
    let count = 0;
    for (const { projectId } of this.#running.values()) if (projectId === project) count++;
    return count >= AT_ONCE_PER_PROJECT;
  }

  /** Resolves when no check runs. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(Array.from(this.#running.values(), ({ check }) => check));
  }

  /** Forgets names that were held for 30 days. */
  async expire(): Promise<void> {
    await this.#ports.domains.expireRemoved(this.#ports.clock.now() - HELD_MS);
  }

  async stop(): Promise<void> {
    this.#ending.abort();
    await this.idle();
  }

  #fault(id: string, name: string, why: string): void {
    if (this.#ending.signal.aborted) return;
    this.#resting.set(id, this.#ports.clock.now() + FAULT_MS);
    this.#report(`the check of ${name} failed and runs again in 5 minutes: ${why}`);
  }
}

import { unprocessedDeliveries } from '../deliveries/unprocessed-deliveries.ts';
import { unfinishedDeployments } from '../deployments/unfinished-deployments.ts';
import type { Ports } from '../ports/ports.ts';
import { processRecord } from './process-record.ts';
import type { RecoverySource } from './recovery-source.ts';

type Report = (message: string) => void;

/** How many records of each kind were completed. */
export type Recovered = Readonly<{ push: number; delivery: number; deployment: number }>;

/**
 * Completes what a crash of the control plane left unfinished, in the order in which records follow from each other: a
 * push in the journal of the git remote, a delivery that was stored but not processed, a deployment without its job.
 * Each record is processed independently; a failure is counted, and the record is set aside after three. Safe to run at
 * any time and concurrently: completing a record is idempotent.
 */
export class Recovery {
  readonly #ports: Ports;
  readonly #pushes: RecoverySource | undefined;
  readonly #report: Report | undefined;

  constructor(ports: Ports, pushes?: RecoverySource, report?: Report) {
    this.#ports = ports;
    this.#pushes = pushes;
    this.#report = report;
  }

  /**
   * Recovers at a start, before a worker runs: ends the leases of dead workers, processes stored deliveries, and gives
   * every unfinished deployment a job again. Leaves out `pushes`.
   */
  async restart(): Promise<Recovered> {
    await this.#ports.queue.expireAllLeases();
    return { push: 0, ...(await this.#stored(['queued', 'building', 'deploying'])) };
  }

  /** Completes pushes. Reads what tenants have pushed, so a start does not wait for it. */
  async pushes(): Promise<number> {
    return this.#pushes === undefined ? 0 : this.#complete(this.#pushes);
  }

  /** Completes all kinds beside a running worker, whose builds it leaves alone. */
  async run(): Promise<Recovered> {
    return { push: await this.pushes(), ...(await this.#stored(['queued'])) };
  }

  async #stored(states: Parameters<typeof unfinishedDeployments>[1]): Promise<Omit<Recovered, 'push'>> {
    return {
      delivery: await this.#complete(unprocessedDeliveries(this.#ports)),
      deployment: await this.#complete(unfinishedDeployments(this.#ports, states)),
    };
  }

  #complete(source: RecoverySource): Promise<number> {
    return completeRecords(this.#ports, source, this.#report);
  }
}

/** Completes the unfinished records of one source, or the one with the id `only`. Returns how many were completed. */
export async function completeRecords(
  ports: Pick<Ports, 'failedRecords' | 'clock'>,
  source: RecoverySource,
  report?: Report,
  only?: string,
): Promise<number> {
  const process = processRecord(ports, report);
  let completed = 0;
  for (const record of await source.unfinished()) {
    if (only !== undefined && record.id !== only) continue;
    const { id, project } = record;
    await process({ kind: source.kind, id, ...(project === undefined ? {} : { project }) }, async () => {
      const completion = await record.complete();
      if (completion === 'completed') completed += 1;
      return typeof completion === 'string' ? undefined : completion.failed;
    });
  }
  return completed;
}

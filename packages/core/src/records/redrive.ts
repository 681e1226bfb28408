import { unprocessedDeliveries } from '../deliveries/unprocessed-deliveries.ts';
import { unfinishedDeployments } from '../deployments/unfinished-deployments.ts';
import type { Ports } from '../ports/ports.ts';
import { fail, ok, type Result } from '../result/result.ts';
import type { RecoverySource } from './recovery-source.ts';
import { completeRecords } from './recovery.ts';

/** The actions of a user on one kind of failed records. Neither leaves anything set aside when it succeeds. */
export type RecordHandler = Readonly<{
  /** Processes the record again; an error has the reason of the failure. */
  retry(id: string): Promise<Result<void>>;
  /** Drops it permanently. */
  drop(id: string): Promise<Result<void>>;
}>;

/** Of records that the next start or the next clean-up processes again, as soon as they are no longer set aside. */
const later: RecordHandler = { retry: async () => ok(undefined), drop: async () => ok(undefined) };

/** Returns the handlers that every deployment target has; with `pushes` where it has a git remote of its own. */
export const recordHandlers = (ports: Ports, pushes?: RecoverySource): Readonly<Record<string, RecordHandler>> => ({
  alias: later,
  retention: later,
  repository: later,
  database: later,
  ...(pushes === undefined ? {} : { push: handlerOf(ports, pushes) }),
  delivery: handlerOf(ports, unprocessedDeliveries(ports)),
  deployment: handlerOf(ports, unfinishedDeployments(ports, ['queued'])),
});

const handlerOf = (ports: Ports, source: RecoverySource): RecordHandler => ({
  /** Processes the record like any other: its count was removed before. */
  async retry(id) {
    await completeRecords(ports, source, undefined, id);
    const failed = await ports.failedRecords.get(source.kind, id);
    return failed === undefined
      ? ok(undefined)
      : fail(
          'conflict',
          `The ${source.kind} ${id} still fails`,
          `Fix its cause, or drop it: anchor dead-letters drop ${source.kind}:${id}`,
          failed.why,
        );
  },
  drop: (id) => source.drop(id),
});

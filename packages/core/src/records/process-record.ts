import type { Ports } from '../ports/ports.ts';
import { isSetAside } from './failed-record.ts';

type RecordPorts = Pick<Ports, 'failedRecords' | 'clock'>;
export type RecordOutcome = 'processed' | 'failed' | 'set_aside';

/** Reasons in the machine and not in the record: such an attempt does not count. */
const OF_THE_MACHINE =
  /\b(?:ENOSPC|EDQUOT|EROFS|EIO|EMFILE|ENFILE|ENOMEM|SQLITE_FULL|SQLITE_BUSY|SQLITE_IOERR|disk is full|database is locked|disk I\/O error|disk_full)\b/;

/**
 * Processes one stored record apart from all others: a failure is counted and reported, never thrown, and a record that
 * failed `MAX_TRIES` times is skipped until a user retries it. `work` throws, or returns the reason why it failed.
 */
export const processRecord =
  (ports: RecordPorts, report: (message: string) => void = () => undefined) =>
  async (
    record: Readonly<{ kind: string; id: string; project?: string }>,
    work: () => Promise<string | void>,
  ): Promise<RecordOutcome> => {
    try {
      const before = await ports.failedRecords.get(record.kind, record.id);
      if (isSetAside(before)) return 'set_aside';
      const why = await reasonOf(work);
      if (why === undefined) {
        if (before !== undefined) await ports.failedRecords.clear(record.kind, record.id);
        return 'processed';
      }
      if (OF_THE_MACHINE.test(why)) {
        report(`${record.kind} ${record.id} could not be processed: ${why}`);
        return 'failed';
      }
      const now = await ports.failedRecords.fail({ ...record, why: why.slice(0, 2_000), now: ports.clock.now() });
      report(
        `${record.kind} ${record.id} could not be processed (try ${now.tries}${isSetAside(now) ? '; it is a dead letter now: anchor dead-letters list' : ''}): ${why}`,
      );
      return isSetAside(now) ? 'set_aside' : 'failed';
    } catch (error) {
      // The count itself could not be written, such as on a full disk: the other records are processed all the same.
      report(`${record.kind} ${record.id} could not be processed: ${messageOf(error)}`);
      return 'failed';
    }
  };

async function reasonOf(work: () => Promise<string | void>): Promise<string | undefined> {
  try {
    return (await work()) ?? undefined;
  } catch (error) {
    return messageOf(error);
  }
}

const messageOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  return code === undefined || error.message.includes(code) ? error.message : `${code}: ${error.message}`;
};

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';

export type PrepareOptions = Readonly<{ restore: string | undefined; fresh: boolean; report: (line: string) => void }>;

/**
 * Prepares the data directory before anything starts: completes or reverts an interrupted restore, restores a backup
 * (`--restore`), moves the rest of a lost platform away (`--new`). The code for this is loaded only then: the
 * supervisor stays small.
 */
export async function prepareState(data: string, { restore, fresh, report }: PrepareOptions): Promise<Result<void>> {
  const unfinished = existsSync(join(data, 'restore.json'));
  if (restore === undefined && !fresh && !unfinished) return ok(undefined);
  if (restore !== undefined && fresh)
    return fail('invalid_input', '--restore and --new exclude each other', 'Use one of them.');
  const { finishRestore, restoreOffline, setStateAside } =
    await import('@anchor/adapter-local/backup/platform-restore.ts');
  if (unfinished && restore === undefined) {
    const ended = await finishRestore(data);
    if (!ended.ok) return ended;
    report('an interrupted restore was completed');
  }
  if (restore !== undefined) {
    const restored = await restoreOffline(restore, data, Date.now());
    if (!restored.ok) return restored;
    const { projects, deployments, broken } = restored.value;
    report(
      `the backup is restored: ${projects} projects, ${deployments} deployments; the previous state is in before-restore-… in ${data}`,
    );
    if (broken.length > 0) report(`${broken.length} blobs were missing or damaged when it was made: anchor doctor`);
  }
  if (!fresh) return ok(undefined);
  const { checkState } = await import('@anchor/adapter-local/backup/platform-state.ts');
  const { pathsIn } = await import('@anchor/adapter-local/paths.ts');
  const whole = (await checkState(pathsIn(data))).ok;
  if (whole && existsSync(join(data, 'anchor.db')))
    return fail(
      'conflict',
      `A complete platform is in ${data}`,
      'Start it without --new, or choose another directory with --data.',
    );
  if (whole) return ok(undefined);
  const aside = await setStateAside(data, Date.now());
  if (!aside.ok) return aside;
  report(`started empty; the earlier state is in ${aside.value}`);
  return ok(undefined);
}

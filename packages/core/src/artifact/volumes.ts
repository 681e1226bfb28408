import type { Volumes } from '@anchor/protocol/artifact/volumes.ts';
import { fail, ok, type Result } from '../result/result.ts';

/** Refuses (`unsupported`) volumes. An empty list is allowed. */
export function refuseVolumes(volumes: Volumes | undefined): Result<void> {
  if (volumes === undefined) return ok(undefined);
  const mounts = isFirstVersion(volumes) ? volumes.mounts : undefined;
  if (mounts?.length === 0) return ok(undefined);
  const paths = mounts?.map(({ path }) => path).join(', ');
  return fail(
    'unsupported',
    'Volumes are not supported yet',
    'Leave out "volumes", and keep files in a database or in object storage: see docs/frameworks.md#writable-directories.',
    paths === undefined
      ? `The deployment describes volumes of version ${volumes.version}`
      : `The deployment has a volume at ${paths}`,
  );
}

/**
 * Returns whether the volumes have the known version 1. Of later versions only the number is known, because their
 * `mounts` may have any form.
 */
const isFirstVersion = (volumes: Volumes): volumes is Extract<Volumes, { mounts: unknown[] }> => volumes.version === 1;

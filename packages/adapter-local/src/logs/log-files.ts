import { join } from 'node:path';
import { parseId, type DeploymentId } from '@anchor/core/names/id.ts';
import type { LogKind } from '@anchor/core/ports/log-store.ts';

/**
 * The files of one log. Lines are in `previous` (after a rotation), then `current`; `closed` exists when no more will
 * come.
 */
export type LogFiles = Readonly<{ directory: string; current: string; previous: string; closed: string }>;

export function logFiles(logs: string, kind: LogKind, deploymentId: DeploymentId): LogFiles {
  if (parseId('dpl', deploymentId) === undefined)
    throw new RangeError(`not a deployment id: ${deploymentId.slice(0, 40)}`);
  const directory = join(logs, kind);
  const at = (ending: string): string => join(directory, `${deploymentId}${ending}`);
  return { directory, current: at('.jsonl'), previous: at('.1.jsonl'), closed: at('.closed') };
}

import type { Exit } from '@anchor/core/ports/sandbox.ts';
import type { InstanceSandbox } from './instance-sandbox.ts';
import type { InstanceExit } from './instance.ts';

/** `killed`: SIGKILL from outside ended it, and no limit of its own. */
export type ProcessExit = InstanceExit & Readonly<{ killed: boolean }>;

/** 128 + SIGKILL: bubblewrap reports an exit with this code and a kill alike. */
const KILLED = 137;

/** Describes how a process ended. A limit that it reached is named. */
export async function describeExit(
  exit: Exit,
  { sandbox, socket }: Pick<InstanceSandbox, 'sandbox' | 'socket'>,
  memoryMb: number,
): Promise<ProcessExit> {
  const byItself = exit.signal === 'SIGKILL' && (await socket.recordsOwnExit());
  const { code, signal } = byItself ? { code: KILLED, signal: null } : exit;
  const how = signal === null ? `exit code ${code ?? 'unknown'}` : `signal ${signal}`;
  const usage = await sandbox.usage().catch(() => undefined);
  const limit = usage === undefined ? '' : describeLimit(usage, memoryMb);
  return { reason: `${how}${limit}`, cacheFull: false, killed: limit === '' && signal === 'SIGKILL' };
}

function describeLimit(usage: Readonly<{ oomKills: number; processLimitHits: number }>, memoryMb: number): string {
  if (usage.oomKills > 0) return `, killed for using more than ${memoryMb} MB of memory`;
  return usage.processLimitHits > 0 ? ', after reaching the limit of processes' : '';
}

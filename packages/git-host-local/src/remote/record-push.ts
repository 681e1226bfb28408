import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { RecordedChange } from '@anchor/core/audit/record-change.ts';
import type { Caller } from '@anchor/core/people/caller.ts';
import { teamOf } from '@anchor/core/people/team.ts';
import type { Project } from '@anchor/core/projects/project.ts';
import { actorOf, completeChange } from '@anchor/server/api/audited.ts';
import type { RefUpdate } from '../protocol/receive-pack-commands.ts';
import type { GitRemoteContext } from './context.ts';

type Push = Readonly<{ project: Project; caller: Caller; updates: readonly RefUpdate[]; request: IncomingMessage }>;

/** Stores a push between the two writes of its entry in the audit log: which refs moved from where to where. */
export async function recordPush<T extends Readonly<{ refused: readonly string[] }>>(
  server: Pick<GitRemoteContext, 'ports' | 'log'>,
  { project, caller, updates, request }: Push,
  store: () => Promise<T>,
): Promise<T> {
  const change = await RecordedChange.begin(server.ports, {
    actor: actorOf(caller),
    action: 'git.push',
    target: { project: project.name },
    projectId: project.id,
    teamId: teamOf(project),
    requestId: randomUUID(),
    address: request.socket.remoteAddress ?? '',
    userAgent: request.headers['user-agent'] ?? '',
  });
  let stored: T | undefined;
  try {
    stored = await store();
  } finally {
    const refused = new Set(stored?.refused);
    const moved = updates.filter(({ ref }) => !refused.has(ref));
    change.before(Object.fromEntries(moved.map(({ ref, before }) => [ref, before ?? null])));
    change.after(Object.fromEntries(moved.map(({ ref, after }) => [ref, after ?? null])));
    const outcome = updates.length > 0 && moved.length === 0 ? 'refused' : 'success';
    await completeChange(server, change, stored === undefined ? { outcome: 'failed', code: 'internal' } : { outcome });
  }
  return stored;
}

import type { IncomingMessage } from 'node:http';
import type { Endpoint } from '@anchor/client/endpoints/endpoint.ts';
import { statusOf } from '@anchor/client/schemas/status-of.ts';
import type { AuditActor, AuditResult } from '@anchor/core/audit/audit-entry.ts';
import { RecordedChange } from '@anchor/core/audit/record-change.ts';
import type { ErrorCode, Result } from '@anchor/core/result/result.ts';
import type { Caller } from '@anchor/core/people/caller.ts';
import type { Person } from '@anchor/core/people/person.ts';
import { teamOf } from '@anchor/core/people/team.ts';
import type { ServerContext } from '../context.ts';
import type { HttpError } from '../http/problem.ts';
import type { Resources } from './handler.ts';

type AuditContext = Readonly<{ ports: Pick<ServerContext['ports'], 'audit' | 'clock' | 'projects'> }> &
  Pick<ServerContext, 'log'>;

/** A request that changes something, as the audit log describes it. */
export type AuditedRequest = Readonly<{
  action: string;
  actor: AuditActor;
  params: Readonly<Record<string, string>>;
  resources: Resources;
  requestId: string;
  incoming: IncomingMessage;
}>;

/** Every endpoint that is not a read lands in the audit log: here, in one place, so that a new one cannot escape. */
export const changesSomething = ({ method }: Endpoint): boolean => method !== 'GET';

export const actorOf = (caller: Caller | undefined): AuditActor =>
  caller === undefined
    ? { kind: 'anonymous' }
    : caller.kind === 'token'
      ? { kind: 'token', id: caller.token.id, name: caller.token.name }
      : actorOfPerson(caller.person);

export const actorOfPerson = ({ id, email }: Person): AuditActor => ({ kind: 'person', id, name: email });

/** Runs a change between the two writes of its entry. One that throws is completed as failed. */
export async function audited<T>(
  context: AuditContext,
  request: AuditedRequest,
  run: (change: RecordedChange) => Promise<Result<T, HttpError>>,
): Promise<Result<T, HttpError>> {
  const change = await begin(context, request);
  let result: Result<T, HttpError> | undefined;
  try {
    result = await run(change);
  } finally {
    const outcome = result?.ok === true ? SUCCESS : failureOf(result?.error.code ?? 'internal');
    await completeChange(context, change, outcome);
  }
  return result;
}

/** Records that a change was refused before its handler ran. */
export async function recordRefusal(context: AuditContext, request: AuditedRequest, code: ErrorCode): Promise<void> {
  const change = await begin(context, request);
  await completeChange(context, change, failureOf(code));
}

/**
 * Completes the entry of a change. The change is made by then, so its response stays what it is where the entry cannot
 * be completed, as on a full disk: the server log says so, and the entry stays `started`.
 */
export async function completeChange(
  { log }: Pick<AuditContext, 'log'>,
  change: RecordedChange,
  result: Pick<AuditResult, 'outcome' | 'code'>,
): Promise<void> {
  try {
    await change.end(result);
  } catch (error) {
    log({
      level: 'error',
      message: 'an entry of the audit log could not be completed',
      entry: change.id,
      ...result,
      error: error instanceof Error ? error.stack : String(error),
    });
  }
}

const SUCCESS = { outcome: 'success' } as const;
const failureOf = (code: ErrorCode) => ({ outcome: statusOf(code) >= 500 ? 'failed' : 'refused', code }) as const;

async function begin(
  { ports }: AuditContext,
  { incoming, resources, params, ...request }: AuditedRequest,
): Promise<RecordedChange> {
  const projectId = resources.project?.id ?? resources.deployment?.projectId ?? resources.delivery?.projectId;
  const project = resources.project ?? (projectId === undefined ? undefined : await ports.projects.get(projectId));
  const teamId = resources.team?.id ?? (project === undefined ? undefined : teamOf(project));
  return RecordedChange.begin(ports, {
    action: request.action,
    actor: request.actor,
    requestId: request.requestId,
    target: params,
    ...(projectId === undefined ? {} : { projectId }),
    ...(teamId === undefined ? {} : { teamId }),
    address: incoming.socket.remoteAddress ?? '',
    userAgent: incoming.headers['user-agent'] ?? '',
  });
}

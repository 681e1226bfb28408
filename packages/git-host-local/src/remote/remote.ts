import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { statusOf } from '@anchor/client/schemas/status-of.ts';
import type { Project } from '@anchor/core/projects/project.ts';
import { anchorError, fail, ok, type AnchorError, type Result } from '@anchor/core/result/result.ts';
import { respondText } from '@anchor/server/http/respond.ts';
import { allowGit, type GitAllowed } from './access.ts';
import type { GitRemoteContext } from './context.ts';
import type { PushJournal } from './push-journal.ts';
import type { HostedGit } from '../process/hosted-git.ts';
import { lfsRemote } from './lfs-remote.ts';
import { isLfsPath } from '../lfs/lfs-request.ts';
import { packet } from '../protocol/pkt-line.ts';
import { serviceExit, startService, protocolOf } from '../process/service-process.ts';
import { receivePack } from './receive.ts';
import { bodyOf, parseGitRequest, type GitRequest } from '../protocol/git-request.ts';

/** Git processes at once; a push that waits for its build has ended its own. */
const MAX_PROCESSES = 16;
/** Of these a single project's: a sender that never ends its request must not lock out the others. */
const MAX_OF_PROJECT = 4;
/** Size limit of a fetch request: thousands of "have" lines. */
const MAX_WANTS_BYTES = 32 * 1024 * 1024;
const FETCH_MS = 30 * 60_000;
const ADVERTISE_MS = 60_000;

/** Returns the handler of requests to /git/{project}.git. The password is a token; pushing needs scope deploy. */
export function remoteHandler(
  server: GitRemoteContext,
  journal: PushJournal,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  let running = 0;
  const ofProject = new Map<string, number>();
  const lfs = lfsRemote(server);
  return async (request, response) => {
    if (isLfsPath(request.url ?? '/')) return lfs(request, response);
    const allowed = await allow(server, request);
    if (!allowed.ok) return refuse(request, response, allowed.error);
    const { id } = allowed.value.project;
    const own = ofProject.get(id) ?? 0;
    if (running >= MAX_PROCESSES || own >= MAX_OF_PROJECT)
      return refuse(
        request,
        response,
        anchorError('rate_limited', 'Too many pushes and fetches at once', 'Retry in a moment.'),
      );
    running += 1;
    ofProject.set(id, own + 1);
    let counted = true;
    const release = (): void => {
      if (!counted) return;
      counted = false;
      running -= 1;
      const left = (ofProject.get(id) ?? 1) - 1;
      if (left > 0) ofProject.set(id, left);
      else ofProject.delete(id);
    };
    try {
      const served = await serve(server, journal, allowed.value, request, response, release);
      if (!served.ok) refuse(request, response, served.error);
    } finally {
      release();
    }
  };
}

type Allowed = GitAllowed & Readonly<{ call: GitRequest }>;

async function allow(server: GitRemoteContext, request: IncomingMessage): Promise<Result<Allowed>> {
  const call = parseGitRequest(request.method, request.url ?? '/');
  if (call === undefined)
    return fail(
      'not_found',
      'There is no git repository at this address',
      'Use the address that the project shows: anchor projects inspect.',
    );
  const allowed = await allowGit(server, request, {
    project: call.project,
    write: call.service === 'git-receive-pack',
  });
  return allowed.ok ? ok({ call, ...allowed.value }) : allowed;
}

async function serve(
  server: GitRemoteContext,
  journal: PushJournal,
  { call, ...allowed }: Allowed,
  request: IncomingMessage,
  response: ServerResponse,
  release: () => void,
): Promise<Result<void>> {
  const { project, git: remote } = allowed;
  if (call.advertise) return advertise(call, project, remote, request, response);
  if (request.headers['content-type'] !== `application/x-${call.service}-request`)
    return fail('malformed_body', 'This is not a request of git', 'Use git itself: git push anchor main.');
  const body = bodyOf(request);
  if (body === undefined)
    return fail('malformed_body', 'The content encoding is not known', 'Use git itself: git push anchor main.');
  if (call.service === 'git-receive-pack')
    return receivePack(server, allowed, body, request, response, journal, release);
  const protocol = protocolOf(one(request.headers['git-protocol']));
  const git = await startService({
    service: call.service,
    git: remote,
    project: project.id,
    advertise: false,
    maxBytes: MAX_WANTS_BYTES,
    timeoutMs: FETCH_MS,
    ...(protocol === undefined ? {} : { protocol }),
  });
  const end = serviceExit(git);
  response.writeHead(200, { 'content-type': `application/x-${call.service}-result`, 'cache-control': 'no-cache' });
  let size = 0;
  body.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size > MAX_WANTS_BYTES) git.signal('SIGKILL');
  });
  response.once('close', () => {
    git.signal('SIGKILL');
  });
  // git ends its input early when it has what it needs, and the other side may go away at any time.
  await Promise.allSettled([pipeline(body, git.stdin), pipeline(git.stdout, response)]);
  await end;
  return ok(undefined);
}

async function advertise(
  { service }: GitRequest,
  project: Project,
  remote: HostedGit,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<Result<void>> {
  const protocol = protocolOf(one(request.headers['git-protocol']));
  const git = await startService({
    service,
    git: remote,
    project: project.id,
    advertise: true,
    maxBytes: MAX_WANTS_BYTES,
    timeoutMs: ADVERTISE_MS,
    ...(protocol === undefined ? {} : { protocol }),
  });
  const end = serviceExit(git);
  git.stdin.on('error', () => undefined).end();
  const chunks: Buffer[] = [];
  for await (const chunk of git.stdout as AsyncIterable<Buffer>) chunks.push(chunk);
  const { code, stderr } = await end;
  if (code !== 0)
    return fail('internal', 'Git could not read the repository', 'Look into the server log.', stderr.slice(0, 200));
  // Protocol 2 starts with its version; the older ones with the name of the service.
  const head =
    service === 'git-upload-pack' && protocol === 'version=2'
      ? []
      : [packet(`# service=${service}\n`), Buffer.from('0000')];
  const body = Buffer.concat([...head, ...chunks]);
  response.writeHead(200, {
    'content-type': `application/x-${service}-advertisement`,
    'cache-control': 'no-cache',
    'content-length': body.length,
  });
  response.end(body);
  return ok(undefined);
}

/** Responds with plain text, which git shows to the user as "remote: …". */
function refuse(request: IncomingMessage, response: ServerResponse, error: AnchorError): void {
  if (response.headersSent) return void response.destroy();
  const text = `${[error.message, ...(error.cause === undefined ? [] : [error.cause]), error.fix].join('\n')}\n`;
  const headers = {
    'content-type': 'text/plain; charset=utf-8',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...(error.code === 'unauthenticated' ? { 'www-authenticate': 'Basic realm="Anchor Deploy", charset="UTF-8"' } : {}),
  };
  respondText(response, statusOf(error.code), text, headers, request.complete ? undefined : request);
}

const one = (value: string | string[] | undefined): string | undefined =>
  typeof value === 'string' ? value : undefined;

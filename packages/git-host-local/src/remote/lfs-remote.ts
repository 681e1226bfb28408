import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { statusOf } from '@anchor/client/schemas/status-of.ts';
import { fail, ok, type AnchorError, type Result } from '@anchor/core/result/result.ts';
import { respondText } from '@anchor/server/http/respond.ts';
import { readRaw } from '@anchor/server/http/raw-body.ts';
import { allowGit, type GitAllowed } from './access.ts';
import type { GitRemoteContext } from './context.ts';
import { batchSchema, parseLfsCall, type LfsBatch, type LfsCall } from '../lfs/lfs-request.ts';
import { LfsStore } from '../lfs/lfs-store.ts';

const TYPE = 'application/vnd.git-lfs+json';
const MAX_BATCH_BYTES = 1024 * 1024;
/** Transfers at once: git-lfs makes 8. */
const MAX_OF_PROJECT = 8;
const MAX_TRANSFERS = 32;
/** Batches at once: git-lfs makes one after the other, and each looks through the repository. */
const MAX_BATCHES_OF_PROJECT = 4;
const MAX_BATCHES = 16;

/**
 * Serves Git LFS for the platform's own remote, /git/{project}.git/info/lfs: the batch API with the `basic` transfer.
 */
export function lfsRemote(
  server: GitRemoteContext,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  const store = new LfsStore();
  const transfers = slots(MAX_OF_PROJECT, MAX_TRANSFERS);
  const batches = slots(MAX_BATCHES_OF_PROJECT, MAX_BATCHES);
  return async (request, response) => {
    const served = await serve(request, response);
    if (!served.ok) refuse(request, response, served.error);
  };

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<Result<void>> {
    const call = parseLfsCall(request.method, request.url ?? '/');
    if (call === undefined)
      return fail(
        'not_found',
        'This part of Git LFS is not offered',
        'File locks are not kept here: git config lfs.locksverify false',
      );
    // A batch may read or write: authorized again when that is known.
    const allowed = await allowGit(server, request, { project: call.project, write: call.kind === 'upload' });
    if (!allowed.ok) return allowed;
    const { id } = allowed.value.project;
    if (call.kind === 'batch') return batches(id, () => batch(server, store, call, allowed.value, request, response));
    return transfers(id, () =>
      (call.kind === 'upload' ? upload : download)(server, store, call.oid, allowed.value, request, response),
    );
  }
}

/** Lets so many run at once for each project, and in sum; what is beyond is refused. */
function slots(
  ofProject: number,
  inSum: number,
): (project: string, run: () => Promise<Result<void>>) => Promise<Result<void>> {
  const taken = new Map<string, number>();
  let running = 0;
  return async (project, run) => {
    const own = taken.get(project) ?? 0;
    if (running >= inSum || own >= ofProject)
      return fail('rate_limited', 'Too many Git LFS transfers at once', 'Retry in a moment.');
    running += 1;
    taken.set(project, own + 1);
    try {
      return await run();
    } finally {
      running -= 1;
      const left = (taken.get(project) ?? 1) - 1;
      if (left > 0) taken.set(project, left);
      else taken.delete(project);
    }
  };
}

async function batch(
  server: GitRemoteContext,
  store: LfsStore,
  call: LfsCall,
  { project, git }: GitAllowed,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<Result<void>> {
  const body = await readRaw(request, MAX_BATCH_BYTES);
  if (body.kind !== 'bytes')
    return fail(
      body.kind === 'too_large' ? 'too_large' : 'malformed_body',
      'The batch cannot be read',
      'Send fewer files at once: git config lfs.transfer.batchSize 100',
    );
  const parsed = batchSchema.safeParse(jsonOf(body.bytes));
  if (!parsed.success)
    return fail('invalid_input', 'This is not a batch of Git LFS', 'Use git-lfs itself: git lfs push --all anchor');
  const { operation, transfers } = parsed.data;
  if (transfers !== undefined && !transfers.includes('basic'))
    return fail('invalid_input', 'Only the basic transfer is offered', 'Run: git config --unset lfs.customtransfer');
  if (operation === 'upload') {
    const may = await allowGit(server, request, { project: call.project, write: true });
    if (!may.ok) return may;
  }
  const repository = git.repositoryPath(project.id);
  const objects = await (operation === 'upload' ? uploads : downloads)(
    store,
    repository,
    parsed.data,
    git.repositoryMb,
    server.settings.limits.pushBytes,
    actionOf(call, request),
  );
  const text = JSON.stringify({ transfer: 'basic', objects, hash_algo: 'sha256' });
  respondText(response, 200, text, { 'content-type': TYPE, 'cache-control': 'no-store' });
  return ok(undefined);
}

type Action = (oid: string) => Readonly<{ href: string; header: Readonly<Record<string, string>> }>;

/** Returns an action at the address that the client used, with the credentials that it sent. */
function actionOf({ project }: LfsCall, request: IncomingMessage): Action {
  const proto = request.headers['x-forwarded-proto'] === 'https' ? 'https' : 'http';
  const base = `${proto}://${request.headers.host ?? 'localhost'}/git/${project}.git/info/lfs/objects`;
  const header = { Authorization: request.headers.authorization ?? '' };
  return (oid) => ({ href: `${base}/${oid}`, header });
}

async function uploads(
  store: LfsStore,
  repository: string,
  { objects }: LfsBatch,
  limitMb: number,
  maxBytes: number,
  action: Action,
): Promise<readonly object[]> {
  const missing = new Set<string>();
  let bytes = 0;
  for (const { oid, size } of objects) {
    if (missing.has(oid)) continue;
    if ((await store.sizeOf(repository, oid)) === size) {
      await store.touch(repository, oid);
      continue;
    }
    missing.add(oid);
    bytes += size;
  }
  const space = missing.size === 0 ? ok(undefined) : await store.checkSpace(repository, bytes, limitMb);
  return objects.map(({ oid, size }) => {
    if (!missing.has(oid)) return { oid, size };
    if (!space.ok) return { oid, size, error: { code: 507, message: `${space.error.message}. ${space.error.fix}` } };
    if (size > maxBytes)
      return { oid, size, error: { code: 413, message: `A file may have ${Math.floor(maxBytes / 1048576)} MB.` } };
    return { oid, size, authenticated: true, actions: { upload: action(oid) } };
  });
}

async function downloads(
  store: LfsStore,
  repository: string,
  { objects }: LfsBatch,
  _limitMb: number,
  _maxBytes: number,
  action: Action,
): Promise<readonly object[]> {
  return Promise.all(
    objects.map(async ({ oid, size }) => {
      if ((await store.sizeOf(repository, oid)) !== size)
        return { oid, size, error: { code: 404, message: 'The file is not here. Send it: git lfs push --all anchor' } };
      return { oid, size, authenticated: true, actions: { download: action(oid) } };
    }),
  );
}

async function upload(
  server: GitRemoteContext,
  store: LfsStore,
  oid: string,
  { project, git }: GitAllowed,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<Result<void>> {
  const size = Number(request.headers['content-length'] ?? Number.NaN);
  if (!Number.isSafeInteger(size) || size < 0)
    return fail(
      'malformed_body',
      'The length of the file is not told',
      'Use git-lfs itself: git lfs push --all anchor',
    );
  if (size > server.settings.limits.pushBytes)
    return fail('too_large', 'The file is too large', 'Keep smaller files in Git LFS.');
  const leave = (await git.enter?.(project.id)) ?? (() => undefined);
  try {
    const written = await store.write(git.repositoryPath(project.id), oid, size, request, git.repositoryMb);
    if (!written.ok) return written;
  } catch (error) {
    if (request.destroyed && !request.complete) return ok(undefined); // the sender has gone
    throw error;
  } finally {
    leave();
  }
  response.writeHead(200, { 'content-length': 0 }).end();
  return ok(undefined);
}

async function download(
  _server: GitRemoteContext,
  store: LfsStore,
  oid: string,
  { project, git }: GitAllowed,
  _request: IncomingMessage,
  response: ServerResponse,
): Promise<Result<void>> {
  const repository = git.repositoryPath(project.id);
  const size = await store.sizeOf(repository, oid);
  if (size === undefined) return fail('not_found', 'The file is not here', 'Send it: git lfs push --all anchor');
  response.writeHead(200, {
    'content-type': 'application/octet-stream',
    'content-length': size,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  await pipeline(store.read(repository, oid), response).catch(() => response.destroy());
  return ok(undefined);
}

function jsonOf(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8')) as unknown;
  } catch {
    return undefined;
  }
}

/** Responds with an error as git-lfs shows it: one message. */
function refuse(request: IncomingMessage, response: ServerResponse, error: AnchorError): void {
  if (response.headersSent) return void response.destroy();
  const text = JSON.stringify({ message: `${error.message}. ${error.fix}` });
  const challenge =
    error.code === 'unauthenticated'
      ? {
          'lfs-authenticate': 'Basic realm="Anchor Deploy"',
          'www-authenticate': 'Basic realm="Anchor Deploy", charset="UTF-8"',
        }
      : {};
  const retryAfter = error.code === 'rate_limited' ? { 'retry-after': '2' } : {};
  respondText(
    response,
    statusOf(error.code),
    text,
    { 'content-type': TYPE, 'cache-control': 'no-store', ...challenge, ...retryAfter },
    request.complete ? undefined : request,
  );
}

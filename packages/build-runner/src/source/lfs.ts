import { spawn } from 'node:child_process';
import { copyFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isDeployKey } from '@anchor/core/projects/deploy-key.ts';
import type { SandboxHandle } from '@anchor/core/ports/sandbox.ts';
import { parseRepositoryUrl } from '@anchor/core/projects/repository-url.ts';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';
import { capture } from '../session/command.ts';
import { resolveInTree, readInTree } from '@anchor/packaging/checkout/checkout-fs.ts';
import { SANDBOX_PATHS } from '@anchor/protocol/sandbox-paths.ts';
import { runInSandbox, sandboxGitCall, type FetchContext, type Run } from './fetch-git.ts';
import { MAX_POINTER_BYTES, parsePointer, type LfsPointer } from './lfs-pointer.ts';
import type { Listing } from './listing.ts';
import { resolveAllowedHost } from './ssrf-guard.ts';

/** Where Git LFS files are: in the platform's own repository, or at a git host. */
export type LfsSource =
  | Readonly<{ kind: 'directory'; path: string }>
  | Readonly<{ kind: 'url'; url: string; branch?: string; credentials?: string }>;

type PointerFile = LfsPointer & Readonly<{ path: string }>;
type DownloadResult = Readonly<{ missing: readonly string[] }>;

const DOWNLOAD_SCRIPT = fileURLToPath(new URL('lfs-fetch.mjs', import.meta.url));
const LFS_PATHS = { node: '/lfs/node', script: '/lfs/fetch.mjs' } as const;
const DOWNLOAD_FOLDER = '.anchor-lfs';
const MAX_PATHS_BYTES = 64 * 1024 * 1024;
const LFS_ENDPOINT_SETTING = /^(?:lfs|remote\.origin)\.(?:url|lfsurl)\n([^]+)$/;

/**
 * Puts the files that Git LFS keeps in the place of their pointers. A pointer that stays is an error: it would be
 * served as an image.
 */
export async function fetchLfs(
  context: FetchContext,
  folder: string,
  listing: Listing,
  source: LfsSource,
): Promise<Result<void>> {
  const found = await pointersOf(context, folder, listing.small);
  if (!found.ok) return found;
  const files = found.value;
  const [first] = files;
  if (first === undefined) return ok(undefined);
  const bytes = [...new Map(files.map(({ oid, size }) => [oid, size])).values()].reduce((sum, size) => sum + size, 0);
  const megabytes = (bytes / 1048576).toFixed(1);
  const { usedMb, sizeMb } = await context.work.disk.free();
  if (2 * bytes > (sizeMb - usedMb) * 1048576) {
    return fail(
      'build_out_of_disk',
      `The Git LFS files of this commit need ${megabytes} MB`,
      'Keep fewer or smaller files in Git LFS, or ask the operator to raise --build-disk-mb.',
      `The project's build disk has ${sizeMb - usedMb} of ${sizeMb} MB free, and each file is there twice for a moment.`,
    );
  }
  context.say(`Fetching ${files.length} Git LFS ${files.length === 1 ? 'file' : 'files'}, ${megabytes} MB`);
  const objects = join(context.work.home, DOWNLOAD_FOLDER);
  await context.work.directory(objects);
  try {
    const fetched =
      source.kind === 'directory'
        ? await copyFromRepository(source.path, files, objects)
        : await downloadFromHost(context, folder, source, files);
    if (!fetched.ok) return fetched;
    const missing = files.filter(({ oid }) => fetched.value.missing.includes(oid));
    if (missing.length > 0) return missingFilesError(missing, source);
    return await writeIntoCheckout(context, folder, files, objects);
  } finally {
    await rm(objects, { recursive: true, force: true });
  }
}

function missingFilesError(missing: readonly PointerFile[], source: LfsSource): Result<never> {
  const remote = source.kind === 'directory' ? 'anchor' : 'origin';
  const names = `${missing
    .slice(0, 5)
    .map(({ path }) => path)
    .join(', ')}${missing.length > 5 ? ` and ${missing.length - 5} more` : ''}`;
  return fail(
    'source_unreachable',
    `The Git LFS file ${missing[0]?.path ?? ''} is missing`,
    `Send the files, then deploy again: git lfs push --all ${remote}`,
    `The repository has only their pointers: ${names}.`,
  );
}

/** Returns the files of the tree that are pointers and that .gitattributes assigns to Git LFS. */
async function pointersOf(
  context: FetchContext,
  folder: string,
  small: readonly string[],
): Promise<Result<readonly PointerFile[]>> {
  const pointers: PointerFile[] = [];
  for (const path of small) {
    const text = await readInTree(context.work.source, inFolder(folder, path), MAX_POINTER_BYTES);
    const pointer = text === undefined ? undefined : parsePointer(text);
    if (pointer !== undefined) pointers.push({ ...pointer, path });
  }
  if (pointers.length === 0) return ok([]);
  return runInSandbox(context, folder, [], [], async (_run, sandbox) => {
    const call = sandboxGitCall();
    const input = new TextEncoder().encode(pointers.map(({ path }) => `${path}\0`).join(''));
    const { stdout } = await capture(
      sandbox,
      { argv: call.argv('check-attr', '-z', '--stdin', 'filter'), env: call.env, cwd: pathInSandbox(folder), input },
      MAX_PATHS_BYTES,
    );
    const words = stdout.split('\0');
    const tracked = new Set<string>();
    for (let i = 0; i + 2 < words.length; i += 3) if (words[i + 2] === 'lfs') tracked.add(words[i] ?? '');
    const other = pointers.filter(({ path }) => !tracked.has(path));
    if (other[0] !== undefined)
      context.say(
        `${other[0].path} looks like a Git LFS pointer, but .gitattributes does not name it: it is left unchanged${other.length > 1 ? ` (and ${other.length - 1} more)` : ''}`,
      );
    return ok(pointers.filter(({ path }) => tracked.has(path)));
  });
}

/** Refuses a folder that was sent with pointers in it, as it is where Git LFS is not installed. */
export async function refusePointers(source: string, small: readonly string[]): Promise<Result<void>> {
  const attributes = new Map<string, Promise<boolean>>();
  const usesLfs = (folder: string): Promise<boolean> => {
    const known =
      attributes.get(folder) ??
      readInTree(source, inFolder(folder, '.gitattributes'), MAX_ATTRIBUTES_BYTES).then(
        (text) => text !== undefined && /\bfilter=lfs\b/.test(text),
      );
    attributes.set(folder, known);
    return known;
  };
  for (const path of small) {
    const text = await readInTree(source, path, MAX_POINTER_BYTES);
    if (text === undefined || parsePointer(text) === undefined) continue;
    const parts = path.split('/').slice(0, -1);
    for (let depth = parts.length; depth >= 0; depth--) {
      if (await usesLfs(parts.slice(0, depth).join('/')))
        return fail(
          'source_refused',
          `${path} is a Git LFS pointer, not the file itself`,
          'Fetch the files, then deploy again: git lfs pull',
          '.gitattributes assigns it to Git LFS.',
        );
    }
  }
  return ok(undefined);
}

const MAX_ATTRIBUTES_BYTES = 1024 * 1024;

/** Copies a file that was pushed with `git lfs push`; its content was checked on arrival. */
async function copyFromRepository(
  repository: string,
  files: readonly PointerFile[],
  to: string,
): Promise<Result<DownloadResult>> {
  const missing: string[] = [];
  for (const { oid, size } of files) {
    const object = lfsObject(repository, oid);
    if (
      (await stat(object).then(
        (it) => it.size,
        () => -1,
      )) !== size
    )
      missing.push(oid);
    else await copyFile(object, join(to, oid));
  }
  return ok({ missing });
}

/** Returns where a repository stores a Git LFS file, as git-lfs itself does. */
export const lfsObject = (repository: string, oid: string): string =>
  join(repository, 'lfs', 'objects', oid.slice(0, 2), oid.slice(2, 4), oid);

async function downloadFromHost(
  context: FetchContext,
  folder: string,
  source: Extract<LfsSource, { kind: 'url' }>,
  files: readonly PointerFile[],
): Promise<Result<DownloadResult>> {
  const api = await lfsEndpoint(context, folder, source.url);
  if (!api.ok) return api;
  const { host } = api.value;
  const reach = await resolveAllowedHost(host, context.allowHosts);
  if (!reach.ok) return reach;
  const objects = [...new Map(files.map(({ oid, size }) => [oid, { oid, size }])).values()];
  const beside = reach.value.via === 'machine';
  const job = {
    api: api.value.url,
    objects,
    sameHost: beside,
    directory: `${beside ? context.work.home : SANDBOX_PATHS.home}/${DOWNLOAD_FOLDER}`,
    ...(source.branch === undefined ? {} : { ref: `refs/heads/${source.branch}` }),
    ...(source.credentials !== undefined &&
    !isDeployKey(source.credentials) &&
    new URL(source.url).origin === new URL(api.value.url).origin
      ? { authorization: basicAuthorization(source.credentials) }
      : {}),
  };
  const env = {
    PATH: '/usr/bin:/bin',
    HOME: SANDBOX_PATHS.home,
    ...(context.trustStore === undefined ? {} : { NODE_EXTRA_CA_CERTS: context.trustStore }),
  };
  const input = new TextEncoder().encode(JSON.stringify(job));
  if (reach.value.via === 'machine') return parseDownloadResult(await downloadOnHost(input, env, context.signal), host);
  const mounts = [
    { kind: 'read', from: process.execPath, to: LFS_PATHS.node },
    { kind: 'read', from: DOWNLOAD_SCRIPT, to: LFS_PATHS.script },
  ] as const;
  return runInSandbox(
    context,
    '',
    mounts,
    [...reach.value.allow, ...context.allowNetworks],
    async (_run: Run, sandbox: SandboxHandle) =>
      parseDownloadResult(
        (await capture(sandbox, { argv: [LFS_PATHS.node, LFS_PATHS.script], env, cwd: '/', input }, 1 << 20)).stdout,
        host,
      ),
  );
}

/** Downloads from a git host on this machine's loopback, allowed by the operator, which no sandbox reaches. */
function downloadOnHost(
  input: Uint8Array,
  env: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<string> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [DOWNLOAD_SCRIPT], {
      env,
      cwd: '/',
      stdio: ['pipe', 'pipe', 'ignore'],
      signal,
    });
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => {
      text = (text + chunk.toString()).slice(0, 1 << 20);
    });
    child.stdin.on('error', () => undefined);
    child.once('error', () => resolve(''));
    child.once('close', () => resolve(text));
    child.stdin.end(input);
  });
}

function parseDownloadResult(text: string, host: string): Result<DownloadResult> {
  const report = parseJsonRecord(text);
  if (Array.isArray(report['missing']))
    return ok({ missing: report['missing'].filter((oid): oid is string => typeof oid === 'string') });
  const why = typeof report['error'] === 'string' ? report['error'] : 'The download ended without a response.';
  if (/ENOSPC|EDQUOT|no space/i.test(why))
    return fail(
      'build_out_of_disk',
      'The Git LFS files filled the build disk',
      'Keep fewer or smaller files in Git LFS, or ask the operator to raise --build-disk-mb.',
    );
  const denied = report['status'] === 401 || report['status'] === 403;
  return fail(
    'source_unreachable',
    `The Git LFS files could not be fetched from ${host}`,
    denied
      ? DENIED_FIX
      : 'Check that the git host serves Git LFS and that its quota is not used up, then deploy again.',
    why,
  );
}

const DENIED_FIX =
  'Give the project an https address with a token that can read the repository and its Git LFS files: they are not fetched by ssh.';

function parseJsonRecord(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
  } catch {
    return {};
  }
}

/**
 * Returns the server that `.lfsconfig` names, or the one that belongs to the repository's address; the rules of
 * repositories apply to both.
 */
async function lfsEndpoint(
  context: FetchContext,
  folder: string,
  repository: string,
): Promise<Result<Readonly<{ url: string; host: string }>>> {
  const named = await runInSandbox(context, folder, [], [], async (run) => {
    const { stdout } = await run(sandboxGitCall(), [
      'config',
      '--file',
      '.lfsconfig',
      '--no-includes',
      '--null',
      '--list',
    ]);
    return ok(stdout.split('\0').flatMap((entry) => LFS_ENDPOINT_SETTING.exec(entry)?.[1] ?? [])[0]);
  });
  if (!named.ok) return named;
  const usual = `${repository.replace(/\/+$/, '').replace(/\.git$/, '')}.git/info/lfs`;
  const address = parseRepositoryUrl(named.value ?? usual, { allowHosts: context.allowHosts });
  if (!address.ok) return address;
  const { url, transport, host } = address.value;
  // Public files are there by https too; there is no key for the others.
  return ok({ url: transport === 'ssh' ? `https://${host}${new URL(url).pathname}` : url, host });
}

async function writeIntoCheckout(
  context: FetchContext,
  folder: string,
  files: readonly PointerFile[],
  objects: string,
): Promise<Result<void>> {
  const left = new Map<string, number>();
  for (const { oid } of files) left.set(oid, (left.get(oid) ?? 0) + 1);
  for (const { path, oid } of files) {
    const found = await resolveInTree(context.work.source, inFolder(folder, path));
    if (found?.kind !== 'file')
      return fail(
        'source_refused',
        `The Git LFS file ${path} is not in the checkout`,
        'Check out the commit in a fresh clone to reproduce the problem.',
      );
    // Keeps owner and mode of the pointer.
    await copyFile(join(objects, oid), found.absolute);
    const uses = (left.get(oid) ?? 1) - 1;
    left.set(oid, uses);
    if (uses === 0) await rm(join(objects, oid), { force: true });
  }
  return runInSandbox(context, folder, [], [], async (_run, sandbox) => {
    // Otherwise `git status` and `git describe --dirty` take them for changes.
    const call = sandboxGitCall();
    const input = new TextEncoder().encode(files.map(({ path }) => `${path}\0`).join(''));
    await capture(
      sandbox,
      {
        argv: call.argv('update-index', '--assume-unchanged', '-z', '--stdin'),
        env: call.env,
        cwd: pathInSandbox(folder),
        input,
      },
      4_096,
    );
    return ok(undefined);
  });
}

const basicAuthorization = (credentials: string): string =>
  `Basic ${Buffer.from(credentials.includes(':') ? credentials : `${credentials}:`).toString('base64')}`;
const inFolder = (folder: string, path: string): string => (folder === '' ? path : `${folder}/${path}`);
const pathInSandbox = (folder: string): string =>
  folder === '' ? SANDBOX_PATHS.app : `${SANDBOX_PATHS.app}/${folder}`;

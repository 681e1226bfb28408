import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm, stat, statfs, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Git } from '../process/git.ts';
import { PLATFORM_DIRECTORY } from '../process/repository-owner.ts';

export type Tidied = Readonly<{ bytes: number; freedBytes: number }>;

/** Repacking reads everything: it pays from this many packs, or this much that nothing reaches any more. */
const MAX_PACKS = 20;
const MIN_GARBAGE_BYTES = 4 * 1024 * 1024;
const MIN_GARBAGE_SHARE = 0.1;
const REPACK_MS = 15 * 60_000;
const LIST_BYTES = 16 * 1024 * 1024;
/** References of our own, which neither pushes nor clones see: commits of deployments that can still be built again. */
const RETAINED_REFS = 'refs/anchor/kept/';
/** The state of the repository after the last check. Not beside git's own files: a link there would be followed. */
const MARK = join(PLATFORM_DIRECTORY, 'anchor-upkeep');

/**
 * Repacks a repository and removes what neither a branch, a tag nor a commit of `retained` reaches, where that pays. No
 * push may run meanwhile; builds may read. Objects that a running build fetches are those of a commit in `retained`.
 */
export async function tidyRepository(
  git: Git,
  repository: string,
  retained: readonly string[],
  { dryRun }: Readonly<{ dryRun: boolean }>,
): Promise<Tidied> {
  const before = await countObjects(git, repository);
  const mark = await markOf(git, repository, retained, before);
  if (mark === undefined || (await readFile(join(repository, MARK), 'utf8').catch(() => '')) === mark)
    return { bytes: before.bytes, freedBytes: 0 };
  const garbage = await garbageOf(git, repository, retained, before);
  if (garbage === undefined) return { bytes: before.bytes, freedBytes: 0 };
  const pays = before.packs > MAX_PACKS || (garbage > MIN_GARBAGE_BYTES && garbage > before.bytes * MIN_GARBAGE_SHARE);
  if (dryRun) return { bytes: before.bytes, freedBytes: pays ? garbage : 0 };
  if (pays && (await hasSpace(repository, before.bytes)) && !(await repack(git, repository, retained)))
    return { bytes: before.bytes, freedBytes: 0 };
  const after = pays ? await countObjects(git, repository) : before;
  const now = await markOf(git, repository, retained, after);
  if (now === undefined) return { bytes: after.bytes, freedBytes: Math.max(0, before.bytes - after.bytes) };
  await mkdir(join(repository, PLATFORM_DIRECTORY), { recursive: true, mode: 0o755 });
  await writeFile(join(repository, MARK), now, { mode: 0o600 });
  return { bytes: after.bytes, freedBytes: Math.max(0, before.bytes - after.bytes) };
}

async function repack(git: Git, repository: string, retained: readonly string[]): Promise<boolean> {
  const there = await present(git, repository, retained);
  const known = await refs(git, repository, RETAINED_REFS);
  const wanted = new Set(there.map((sha) => `${RETAINED_REFS}${sha}`));
  const changes = [
    ...there
      .filter((sha) => !known.has(`${RETAINED_REFS}${sha}`))
      .map((sha) => `create ${RETAINED_REFS}${sha} ${sha}\n`),
    ...[...known].filter((ref) => !wanted.has(ref)).map((ref) => `delete ${ref}\n`),
  ];
  if (!(await fed(git, repository, ['update-ref', '--stdin'], changes.join(''), true))) return false;
  const steps: readonly (readonly string[])[] = [
    ['pack-refs', '--all'],
    [
      '-c',
      'pack.threads=1',
      '-c',
      'pack.windowMemory=64m',
      '-c',
      'pack.deltaCacheSize=32m',
      'repack',
      '-a',
      '-d',
      '-q',
    ],
    ['prune', '--expire=now'],
  ];
  for (const step of steps) {
    const { code } = await git.run(repository, step, { write: true, timeoutMs: REPACK_MS });
    if (code !== 0) return false;
  }
  return true;
}

type Objects = Readonly<{ bytes: number; packs: number }>;

async function countObjects(git: Git, repository: string): Promise<Objects> {
  const { stdout } = await git.run(repository, ['count-objects', '-v']);
  const of = (name: string): number => Number(new RegExp(`^${name}: (\\d+)$`, 'm').exec(stdout)?.[1] ?? 0);
  return { bytes: (of('size') + of('size-pack') + of('size-garbage')) * 1024, packs: of('packs') };
}

/** Returns the bytes of unreachable objects; undefined when they cannot be determined. */
async function garbageOf(
  git: Git,
  repository: string,
  retained: readonly string[],
  { bytes }: Objects,
): Promise<number | undefined> {
  const there = await present(git, repository, retained);
  const args = ['rev-list', '--objects', `--exclude=${RETAINED_REFS}*`, '--all', '--stdin', '--disk-usage'];
  const { code, out } = await git.use(repository, args, { timeoutMs: REPACK_MS }, async (child) => {
    child.stdin.end(there.map((sha) => `${sha}\n`).join(''));
    return { out: await textOf(child.stdout) };
  });
  return code === 0 && /^\d+\n$/.test(out) ? Math.max(0, bytes - Number(out)) : undefined;
}

/** Returns those of `commits` that the repository has. */
async function present(git: Git, repository: string, commits: readonly string[]): Promise<readonly string[]> {
  const { out } = await git.use(repository, ['cat-file', '--batch-check'], {}, async (child) => {
    child.stdin.end(commits.map((sha) => `${sha}\n`).join(''));
    return { out: await textOf(child.stdout) };
  });
  return out.split('\n').flatMap((line) => /^([0-9a-f]+) commit \d+$/.exec(line)?.[1] ?? []);
}

async function refs(git: Git, repository: string, prefix: string): Promise<ReadonlySet<string>> {
  const { stdout } = await git.run(repository, ['for-each-ref', '--format=%(refname)', prefix], {
    maxBytes: LIST_BYTES,
  });
  return new Set(stdout.split('\n').filter((line) => line !== ''));
}

async function markOf(
  git: Git,
  repository: string,
  retained: readonly string[],
  { bytes, packs }: Objects,
): Promise<string | undefined> {
  const all = await git.run(repository, ['for-each-ref', '--format=%(objectname) %(refname)'], {
    maxBytes: LIST_BYTES,
  });
  if (all.code !== 0) return undefined;
  return createHash('sha256')
    .update(JSON.stringify([all.stdout, [...retained].sort(), bytes, packs]))
    .digest('hex');
}

async function fed(
  git: Git,
  repository: string,
  args: readonly string[],
  input: string,
  write: boolean,
): Promise<boolean> {
  const { code } = await git.use(repository, args, { write }, async (child) => {
    child.stdin.end(input);
    return { out: await textOf(child.stdout) };
  });
  return code === 0;
}

async function textOf(stream: AsyncIterable<Buffer>): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts).toString('utf8');
}

/** Returns whether there is space for a repack, which writes the new packs before it removes the old ones. */
async function hasSpace(repository: string, bytes: number): Promise<boolean> {
  const { bavail, bsize } = await statfs(repository);
  return bavail * bsize > bytes * 2;
}

const LOCK = /\.lock$/;
const TEMPORARY = /^(?:tmp_objdir-|incoming-|tmp_pack_|tmp_idx_|tmp_rev_|tmp_bitmap_|tmp_obj_|\.tmp-)|\.lock$/;

/**
 * Removes what aborted or killed pushes left in a repository: received objects, and locks that would stop every later
 * push. Only what is older than `olderThanMs`; no push may run meanwhile.
 */
export async function sweepTemporaries(repository: string, olderThanMs: number): Promise<void> {
  const old = async (path: string): Promise<boolean> =>
    Date.now() -
      (await stat(path).then(
        ({ mtimeMs }) => mtimeMs,
        () => Infinity,
      )) >=
    olderThanMs;
  const walk = async (directory: string, temporary: RegExp, depth: number): Promise<void> => {
    for (const entry of await readdir(directory, { withFileTypes: true }).catch(() => [])) {
      const path = join(directory, entry.name);
      if (temporary.test(entry.name)) {
        if (await old(path)) await rm(path, { recursive: true, force: true });
      } else if (entry.isDirectory() && depth > 0) await walk(path, path === refs ? LOCK : temporary, depth - 1);
    }
  };
  // A branch may be called `incoming-orders`. Among references only locks are unowned files, since no branch can have
  // their names.
  const refs = join(repository, 'refs');
  await walk(repository, TEMPORARY, MAX_DEPTH);
}

/** Branch names are folders below `refs/heads`. */
const MAX_DEPTH = 130;

/** Removes repositories that a killed process was still making. */
export async function sweepUnfinished(anyRepository: string): Promise<void> {
  const folder = dirname(anyRepository);
  for (const name of await readdir(folder).catch(() => []))
    if (/\.git\.\d+-[0-9a-f]{12}$/.test(name)) await rm(join(folder, name), { recursive: true, force: true });
}

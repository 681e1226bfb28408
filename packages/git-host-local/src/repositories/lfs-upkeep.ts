import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { GitChild } from '../launcher/git-child.ts';
import type { Git } from '../process/git.ts';

/** A file comes before the push that names it. */
const GRACE_MS = 24 * 60 * 60_000;
/** Beyond these the look would cost more than it frees. */
const MAX_CANDIDATES = 500_000;
const LOOK_MS = 10 * 60_000;
/** Pointers of Git LFS have fewer than 1,024 bytes. */
const POINTER_BYTES = [100, 1_023] as const;
const OID = /^oid sha256:([0-9a-f]{64})\r?$/m;

/** Removes Git LFS files that no object of the repository points at. Returns the bytes that this frees. */
export async function pruneLfs(
  git: Git,
  repository: string,
  { dryRun }: Readonly<{ dryRun: boolean }>,
): Promise<number> {
  const files = await lfsFiles(repository);
  if (files.length === 0) return 0;
  const named = await oidsNamed(git, repository);
  if (named === undefined) return 0;
  let freed = 0;
  for (const { path, oid, size, mtimeMs } of files) {
    if (named.has(oid) || Date.now() - mtimeMs < GRACE_MS) continue;
    freed += size;
    if (!dryRun) await rm(path, { force: true });
  }
  return freed;
}

type LfsFile = Readonly<{ path: string; oid: string; size: number; mtimeMs: number }>;

async function lfsFiles(repository: string): Promise<readonly LfsFile[]> {
  const folder = join(repository, 'lfs', 'objects');
  const files: LfsFile[] = [];
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const { size, mtimeMs } = await stat(path);
    files.push({ path, oid: entry.name, size, mtimeMs });
  }
  return files;
}

/** Returns the files that the repository's pointers name; undefined when the list cannot be complete. */
async function oidsNamed(git: Git, repository: string): Promise<ReadonlySet<string> | undefined> {
  const check = [
    'cat-file',
    '--batch-all-objects',
    '--unordered',
    '--batch-check=%(objectname) %(objecttype) %(objectsize)',
  ];
  const listed = await git.use(repository, check, { timeoutMs: LOOK_MS }, async (child) => ({
    candidates: await candidates(child),
  }));
  if (listed.code !== 0 || listed.candidates === undefined) return undefined;
  const { candidates: blobs } = listed;
  const read = await git.use(repository, ['cat-file', '--batch'], { timeoutMs: LOOK_MS }, async (child) => {
    child.stdin.end(blobs.map((id) => `${id}\n`).join(''));
    const oids = new Set<string>();
    // The content is between lines of git's own; no line of a pointer is cut, since the rest is carried over.
    let rest = '';
    for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
      const text = rest + chunk.toString('latin1');
      const end = text.lastIndexOf('\n') + 1;
      for (const line of text.slice(0, end).split('\n')) {
        const oid = OID.exec(line)?.[1];
        if (oid !== undefined) oids.add(oid);
      }
      rest = text.slice(end).slice(-4_096);
    }
    return { oids };
  });
  return read.code === 0 ? read.oids : undefined;
}

async function candidates(child: GitChild): Promise<readonly string[] | undefined> {
  child.stdin.end();
  const ids: string[] = [];
  let rest = '';
  for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
    const lines = (rest + chunk.toString('latin1')).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const [id = '', type, size] = line.split(' ');
      if (type === 'blob' && Number(size) >= POINTER_BYTES[0] && Number(size) <= POINTER_BYTES[1]) ids.push(id);
    }
    if (ids.length > MAX_CANDIDATES) return undefined;
  }
  return ids;
}

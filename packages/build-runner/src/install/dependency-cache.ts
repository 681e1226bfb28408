import { createHash } from 'node:crypto';
import { lstat, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isRealDirectory, readInTree } from '@anchor/packaging/checkout/checkout-fs.ts';
import { touch, type WorkDisk } from '../disk/work-disk.ts';

/**
 * Caches dependency trees (`node_modules`) of finished installs per scope, keyed by everything that an install depends
 * on. Moving a directory takes no time, so a tree is moved into the checkout and back. Another scope's tree is copied
 * inside the sandbox, never changed.
 */
export type CachedTree = Readonly<{
  dir: string;
  paths: readonly string[];
  /** Packages whose install scripts were skipped. */
  skipped: readonly string[];
}>;

const MAX_TREES = 3;

/** Files whose content decides what an install does, in every workspace. */
const KEY_FILES: readonly string[] = [
  'package.json',
  '.npmrc',
  '.yarnrc',
  '.yarnrc.yml',
  '.pnp.cjs',
  'pnpm-workspace.yaml',
  '.pnpmfile.cjs',
  '.pnpmfile.mjs',
  'bunfig.toml',
  'package-lock.json',
  'npm-shrinkwrap.json',
  'pnpm-lock.yaml',
  'yarn.lock',
  'bun.lock',
  'bun.lockb',
];
const PATCH_DIRECTORIES = /(?:^|\/)(?:patches|\.yarn\/(?:patches|plugins|releases))\//;

/**
 * The result of one walk over the checkout (without node_modules and .git): the cache key, and size and time of every
 * file, which show what an install changed.
 */
export type TreeFingerprint = Readonly<{
  key: string;
  print: ReadonlyMap<string, string>;
  packageFiles: readonly string[];
}>;

export async function fingerprintTree(
  source: string,
  salt: readonly string[],
  maxEntries = 200_000,
): Promise<TreeFingerprint | undefined> {
  const print = new Map<string, string>();
  const walk = async (relative: string): Promise<boolean> => {
    for (const entry of await readdir(join(source, relative), { withFileTypes: true }).catch(() => [])) {
      if (entry.name === 'node_modules' || entry.name === '.git') continue;
      const path = relative === '' ? entry.name : `${relative}/${entry.name}`;
      if (entry.isDirectory()) {
        if (!(await walk(path))) return false;
        continue;
      }
      const stat = await lstat(join(source, path)).catch(() => undefined);
      if (stat !== undefined) print.set(path, `${stat.size} ${stat.mtimeMs} ${stat.ctimeMs} ${stat.ino}`);
      if (print.size > maxEntries) return false;
    }
    return true;
  };
  if (!(await walk(''))) return undefined;
  const hash = createHash('sha256');
  for (const part of salt) hash.update(`${part.length}:${part};`);
  const relevant = [...print.keys()]
    .filter((path) => KEY_FILES.includes(path.slice(path.lastIndexOf('/') + 1)) || PATCH_DIRECTORIES.test(path))
    .sort();
  for (const path of relevant) {
    const content = await readInTree(source, path, 64 << 20);
    hash.update(`${path.length}:${path};${content === undefined ? 'none' : `${content.length}:${content}`};`);
  }
  return {
    key: hash.digest('hex').slice(0, 40),
    print,
    packageFiles: relevant.filter((path) => path.endsWith('package.json')),
  };
}

/**
 * Returns whether two surveys saw the same files: an install that changed more than node_modules cannot be skipped next
 * time.
 */
export function isUnchanged(before: TreeFingerprint, after: TreeFingerprint): boolean {
  if (before.print.size !== after.print.size) return false;
  for (const [path, mark] of before.print) if (after.print.get(path) !== mark) return false;
  return true;
}

/** Returns the outermost node_modules directories of a checkout, relative. */
export async function findTrees(source: string): Promise<readonly string[]> {
  const found: string[] = [];
  const walk = async (relative: string, depth: number): Promise<void> => {
    if (depth > 12) return;
    for (const entry of await readdir(join(source, relative), { withFileTypes: true }).catch(() => [])) {
      if (!entry.isDirectory() || entry.name === '.git') continue;
      const path = relative === '' ? entry.name : `${relative}/${entry.name}`;
      if (entry.name === 'node_modules') found.push(path);
      else await walk(path, depth + 1);
    }
  };
  await walk('', 0);
  return found.sort();
}

export async function findCachedTree(work: WorkDisk, scope: string, key: string): Promise<CachedTree | undefined> {
  const dir = join(work.scope(scope), 'trees', key);
  const text = await readFile(join(dir, 'index.json'), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const index = parsed(text);
  const paths = typeof index === 'object' && index !== null && 'paths' in index ? texts(index.paths) : [];
  const skipped = typeof index === 'object' && index !== null && 'skipped' in index ? texts(index.skipped) : [];
  return paths.length > 0 ? { dir, paths, skipped } : undefined;
}

/** Returns undefined for invalid JSON: the machine stopped while it was written. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const texts = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((each): each is string => typeof each === 'string') : [];

/**
 * Moves a cached tree into the checkout. Returns false, and moves nothing, when the checkout has no plain directories
 * for it.
 */
export async function restore(work: WorkDisk, tree: CachedTree): Promise<boolean> {
  for (const path of tree.paths) {
    const parent = path.split('/').slice(0, -1).join('/');
    if (!(await isRealDirectory(work.source, parent))) return false;
    if (
      await lstat(join(work.source, path)).then(
        () => true,
        () => false,
      )
    )
      return false;
  }
  for (const [i, path] of tree.paths.entries()) await rename(join(tree.dir, String(i)), join(work.source, path));
  // A tree without its directories is invalid: a crash from here on means a new install.
  await rm(tree.dir, { recursive: true, force: true });
  return true;
}

/** Moves the dependency trees of the checkout into the scope's cache and evicts the oldest beyond a few. */
export async function store(work: WorkDisk, scope: string, key: string, skipped: readonly string[]): Promise<void> {
  const paths: string[] = [];
  for (const path of await findTrees(work.source)) if (await isRealDirectory(work.source, path)) paths.push(path);
  if (paths.length === 0) return;
  const trees = join(work.scope(scope), 'trees');
  const dir = join(trees, key);
  await mkdir(trees, { recursive: true, mode: 0o755 });
  await work.discard(dir);
  await mkdir(dir, { mode: 0o755 });
  for (const [i, path] of paths.entries()) await rename(join(work.source, path), join(dir, String(i)));
  // The index makes it a tree: written last.
  await writeFile(join(dir, 'index.json'), JSON.stringify({ paths, skipped }), { mode: 0o644 });
  await touch(work.scope(scope));
  const aged = await Promise.all(
    (await readdir(trees)).map(async (name) => ({ name, at: (await lstat(join(trees, name))).mtimeMs })),
  );
  for (const { name } of aged.sort((a, b) => b.at - a.at).slice(MAX_TREES)) await work.discard(join(trees, name));
}

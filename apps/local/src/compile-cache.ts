import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statfsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BUNDLES_VARIABLE } from './bundle/programs.ts';
import { isWhole } from './bundle/seal.ts';
import { settingsToEnv, type Settings } from './settings.ts';
import { VERSION } from './version.ts';

/** Returns where Node stores compiled code: shared by all data directories of a checkout when `./up` sets it. */
export const compileCacheOf = (settings: Settings, env: NodeJS.ProcessEnv): string =>
  env['NODE_COMPILE_CACHE'] ?? join(settings.data, 'compile-cache');

const MARKER = 'sources';

/**
 * Bundles the programs and fills the compile cache after a change of the code, in a process that exits before the
 * others start. Otherwise each would load the TypeScript stripper, and hold its 13 MB for as long as it lives. A start
 * without changes only reads the dates of the sources, some milliseconds. Returns the directory of the bundles; the
 * programs run from their sources when it has none. Undefined: it is damaged and cannot be removed.
 */
export async function ensureCompileCache(settings: Settings, env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const compileCache = compileCacheOf(settings, env);
  const modules = join(settings.data, 'modules'); // those that run beside user code are made by the stripper too
  const stamp = `${VERSION} ${process.version} ${stampOf()}`;
  const bundles = bundlesIn(compileCache, stamp);
  const damaged = existsSync(bundles) && !isWhole(bundles);
  if (damaged && !isRemoved(bundles)) return undefined;
  const stale = [compileCache, modules].filter(
    (directory) => (damaged && directory === compileCache) || contentOf(join(directory, MARKER)) !== stamp,
  );
  if (stale.length === 0 || !stale.every(hasSpace)) return bundles;
  const changed = stale.includes(compileCache);
  const done = await run('precompile.ts', changed ? ['code', 'modules'] : ['modules'], {
    ...env,
    ...settingsToEnv(settings),
    NODE_COMPILE_CACHE: compileCache,
    ANCHOR_PRECOMPILE: '1',
    [BUNDLES_VARIABLE]: bundles,
  });
  if (!done) return bundles; // each process compiles what it needs, and reports why when it cannot
  try {
    for (const directory of stale) writeFileSync(join(directory, MARKER), stamp);
  } catch {
    // compiled again at the next start
  }
  return bundles;
}

/** Returns where the bundles of this code are. */
const bundlesIn = (compileCache: string, stamp: string): string =>
  join(compileCache, 'bundles', createHash('sha256').update(stamp).digest('hex').slice(0, 16));

/** Several times what the compiled code of all processes takes. */
const MIN_FREE_BYTES = 64 * 1_048_576;

/** Failures are ignored: a start must not block on what only reduces its memory. */
const WARM_MS = 60_000;

/** Returns whether a program of this folder ended well. It ends with this process. */
const run = (name: string, words: readonly string[], env: NodeJS.ProcessEnv): Promise<boolean> =>
  new Promise((resolve) => {
    const child = spawn(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', fileURLToPath(new URL(name, import.meta.url)), ...words],
      { env, stdio: 'ignore', timeout: WARM_MS, killSignal: 'SIGKILL' },
    );
    const stop = (): void => {
      child.kill('SIGKILL');
      process.exit(143);
    };
    process.once('SIGTERM', stop);
    const end = (well: boolean): void => {
      process.off('SIGTERM', stop);
      resolve(well);
    };
    child.once('error', () => end(false));
    child.once('exit', (code) => end(code === 0));
  });

/** Changes whenever a source file was added, removed or written, or other versions of the packages were installed. */
export function stampOf(roots: readonly string[] = sourceDirectories(), installed: string = INSTALLED): string {
  const hash = createHash('sha256');
  hash.update(String(statSync(installed, { throwIfNoEntry: false })?.mtimeMs));
  for (const root of roots) {
    for (const name of readdirSync(root, { recursive: true, encoding: 'utf8' }).sort()) {
      if (!name.endsWith('.ts') || name.endsWith('.test.ts')) continue;
      const { mtimeMs, size } = statSync(join(root, name));
      hash.update(`${name}\0${mtimeMs}\0${size}\0`);
    }
  }
  return hash.digest('hex');
}

/** Written by npm at each installation. */
const INSTALLED = fileURLToPath(new URL('../../../node_modules/.package-lock.json', import.meta.url));

/** Returns the packages that the platform's processes load. */
function sourceDirectories(): readonly string[] {
  const packages = fileURLToPath(new URL('../../../packages', import.meta.url));
  return [
    fileURLToPath(new URL('.', import.meta.url)),
    ...readdirSync(packages)
      .sort()
      .map((name) => join(packages, name, 'src'))
      .filter((root) => existsSync(root)),
  ];
}

/**
 * Makes the directory. False where its disk takes no more: a start without compiled code is slower, and nothing else.
 */
function hasSpace(directory: string): boolean {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const { bavail, bsize } = statfsSync(directory);
    return bavail * bsize >= MIN_FREE_BYTES;
  } catch {
    return false;
  }
}

/** Removes a directory. False where its disk is read-only. */
function isRemoved(directory: string): boolean {
  try {
    rmSync(directory, { recursive: true, force: true });
    return true;
  } catch {
    return false;
  }
}

function contentOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

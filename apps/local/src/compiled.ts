import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { flushCompileCache } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { settingsToEnv, type Settings } from './settings.ts';
import { VERSION } from './version.ts';

/** Where Node keeps compiled code: shared by all data directories of a checkout when `./up` says so. */
export const compileCacheOf = (settings: Settings, env: NodeJS.ProcessEnv): string => env['NODE_COMPILE_CACHE'] ?? join(settings.data, 'compile-cache');

const MARKER = 'sources';
const AGAIN = 'ANCHOR_COMPILED';

/**
 * The first start of changed code leaves it compiled, in a process that ends before the others start: each would load the
 * TypeScript stripper otherwise, and hold its 13 MB for as long as it lives. So this process starts over as well, under
 * the same id, when it can. A start without changes costs a look at the dates of the sources, some milliseconds.
 */
export async function compileFirst(settings: Settings, env: NodeJS.ProcessEnv): Promise<void> {
  const compileCache = compileCacheOf(settings, env);
  const modules = join(settings.data, 'modules'); // those that run beside user code are made by the stripper too
  const stamp = `${VERSION} ${process.version} ${stampOf()}`;
  const stale = [compileCache, modules].filter((directory) => contentOf(join(directory, MARKER)) !== stamp);
  if (stale.length === 0) return;
  for (const directory of stale) mkdirSync(directory, { recursive: true, mode: 0o700 });
  const changed = stale.includes(compileCache);
  const done = await run('warm.ts', changed ? ['code', 'modules'] : ['modules'], { ...env, ...settingsToEnv(settings), NODE_COMPILE_CACHE: compileCache, ANCHOR_WARM: '1' });
  if (!done) return; // each process compiles what it needs, and says why when it can not
  for (const directory of stale) writeFileSync(join(directory, MARKER), stamp);
  if (!changed || env['NODE_COMPILE_CACHE'] === undefined || env[AGAIN] === '1' || process.execve === undefined) return;
  flushCompileCache();
  process.execve(process.execPath, [process.execPath, ...process.execArgv, ...process.argv.slice(1)], { ...env, [AGAIN]: '1' });
}

/** Nobody is told of it: a start must not stand still for what only makes it smaller. */
const WARM_MS = 60_000;

/** Whether a program of this folder ended well. It ends with this process. */
const run = (name: string, words: readonly string[], env: NodeJS.ProcessEnv): Promise<boolean> =>
  new Promise((resolve) => {
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', fileURLToPath(new URL(name, import.meta.url)), ...words], { env, stdio: 'ignore', timeout: WARM_MS, killSignal: 'SIGKILL' });
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

/** Changes whenever a source file was added, removed or written. */
export function stampOf(roots: readonly string[] = sourceDirectories()): string {
  const hash = createHash('sha256');
  for (const root of roots) {
    for (const name of readdirSync(root, { recursive: true, encoding: 'utf8' }).sort()) {
      if (!name.endsWith('.ts') || name.endsWith('.test.ts')) continue;
      const { mtimeMs, size } = statSync(join(root, name));
      hash.update(`${name}\0${mtimeMs}\0${size}\0`);
    }
  }
  return hash.digest('hex');
}

/** The rooms that the platform's processes load. */
function sourceDirectories(): readonly string[] {
  const packages = fileURLToPath(new URL('../../../packages', import.meta.url));
  return [fileURLToPath(new URL('.', import.meta.url)), ...readdirSync(packages).sort().map((name) => join(packages, name, 'src')).filter((root) => existsSync(root))];
}

function contentOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

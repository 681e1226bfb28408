import { dirname, join } from 'node:path/posix';
import type { FunctionEntry } from '@anchor/protocol/artifact/web/function.ts';
import { RESERVED_VARIABLES } from '@anchor/core/environments/variable.ts';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';
import { SANDBOX_PATHS } from '@anchor/protocol/sandbox-paths.ts';
import { ALL_TUNED, type FunctionTuning } from './settings.ts';
import { isInside } from './tree-entries.ts';

/** The command that starts inside the sandbox. */
export type FunctionCommand = Readonly<{ argv: readonly string[]; env: Readonly<Record<string, string>>; cwd: string }>;

/**
 * Makes the young generation from the start as large as load would make it (MiB). A start then collects no garbage, an
 * eighth of its processor time, and the process is no larger after it.
 */
const YOUNG_MB = 16;
/** Up to Node 22 V8 ignores precompiled code under that flag, which costs more than the flag saves. */
const YOUNG_FROM = 24;

/**
 * Twice what the edge takes of a request's head (cookies, mostly), with what it adds itself. Node's own limit is 16 KB.
 */
const HEADER_BYTES = 131_072;

/** Part of the memory limit that V8's heap may take; the rest is for buffers, code and the kernel's own. */
const HEAP_SHARE = 0.75;

/**
 * Returns the argument vector and environment of a function. The user's variables come first: they cannot replace what
 * makes the function reachable. Refuses (`artifact_invalid`) entries that would start something outside the tree.
 */
export function functionCommand(
  entry: FunctionEntry,
  variables: Readonly<Record<string, string>>,
  memoryMb: number,
  tuning: FunctionTuning = ALL_TUNED,
): Result<FunctionCommand> {
  if (entry.cwd !== '' && entry.cwd !== '.' && !isInside(entry.cwd))
    return refuse('its working directory is outside its files');
  const cwd = join(SANDBOX_PATHS.app, entry.cwd);
  const heap = `--max-old-space-size=${Math.max(32, Math.floor(memoryMb * HEAP_SHARE))}`;
  const heads = `--max-http-header-size=${HEADER_BYTES}`;
  const own = Object.fromEntries(
    Object.entries({ ...entry.environment, ...variables }).filter(([name]) => !RESERVED_VARIABLES.includes(name)),
  );
  const env: Record<string, string> = {
    NODE_ENV: 'production',
    LANG: 'C.UTF-8',
    NODE_COMPILE_CACHE: `${SANDBOX_PATHS.cache}/node`,
    ...own,
    PATH: [`${SANDBOX_PATHS.node}/bin`, ...binFolders(cwd), '/usr/local/bin:/usr/bin:/bin'].join(':'),
    HOME: SANDBOX_PATHS.temporary,
    TMPDIR: SANDBOX_PATHS.temporary,
    ANCHOR_SOCKET: SANDBOX_PATHS.socket,
    ANCHOR_CACHE: SANDBOX_PATHS.cache,
  };
  if (entry.kind === 'next') {
    if (entry.entry === undefined || !isInside(entry.entry)) return refuse('it names no entry inside its files');
    if (!tuning.heapGrowing) env['ANCHOR_HEAP_GROWING'] = 'off';
    const flags = [heap, ...tuningFlags(entry.node, tuning), heads];
    const program = [`${SANDBOX_PATHS.runtime}/next-server.js`, join(SANDBOX_PATHS.app, entry.entry)];
    return ok({ argv: [`${SANDBOX_PATHS.node}/bin/node`, ...flags, ...program], env, cwd });
  }
  const [program, ...rest] = entry.argv ?? [];
  if (program === undefined) return refuse('it names no program');
  if (program !== 'node' && !isInside(program.replace(/^\.\//, ''))) return refuse('its program is outside its files');
  // The preload must also reach child processes (`npm start` starts node), so it travels in the environment.
  env['NODE_OPTIONS'] = [preloadFlag(entry.node), heap, heads, own['NODE_OPTIONS'] ?? ''].join(' ').trim();
  env['PORT'] = '3000';
  return ok({
    argv: [program === 'node' ? `${SANDBOX_PATHS.node}/bin/node` : join(SANDBOX_PATHS.app, program), ...rest],
    env,
    cwd,
  });
}

/**
 * Returns the flag that loads the preload: `--require` leaves Node the loader of the entry, `--import` does not. An ES
 * module can be required from Node 20.19 and 22.12 on, not in 21.
 */
function preloadFlag(nodeVersion: string): string {
  const [major = 0, minor = 0] = nodeVersion.split('.').map(Number);
  const requires = major > 22 || (major === 22 && minor >= 12) || (major === 20 && minor >= 19);
  return requires ? `--require=${SANDBOX_PATHS.runtime}/preload.cjs` : `--import=${SANDBOX_PATHS.runtime}/preload.js`;
}

/**
 * Returns V8's flags for a Next.js function. No full collection after a second or two without a request: the runtime
 * triggers one when it is idle (idle-gc.ts). Only flags about the size of memory: with other flags V8 ignores Node's
 * precompiled code of its own modules.
 */
const tuningFlags = (nodeVersion: string, { youngGeneration, noMemoryReducer }: FunctionTuning): readonly string[] => [
  ...(youngGeneration && Number.parseInt(nodeVersion, 10) >= YOUNG_FROM ? [`--min-semi-space-size=${YOUNG_MB}`] : []),
  ...(noMemoryReducer ? ['--no-memory-reducer'] : []),
];

/** Returns `node_modules/.bin` of a folder and of all folders around it, as package managers put them on PATH. */
const binFolders = (cwd: string): readonly string[] => [
  join(cwd, 'node_modules/.bin'),
  ...(cwd === SANDBOX_PATHS.app || cwd === '/' ? [] : binFolders(dirname(cwd))),
];

const refuse = (why: string): Result<never> =>
  fail('artifact_invalid', 'The artifact describes a function that cannot be started', 'Deploy again.', why);

import { join } from 'node:path/posix';
import type { FunctionEntry } from '@anchor/core/artifact/manifest.ts';
import { REFUSED_VARIABLES } from '@anchor/core/environments/variable.ts';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';
import { isInside } from './tree-entries.ts';

/** What is started inside the sandbox. */
export type FunctionCommand = Readonly<{ argv: readonly string[]; env: Readonly<Record<string, string>>; cwd: string }>;

/** Fixed places inside every function's sandbox. */
export const INSIDE = { app: '/app', modules: '/anchor', node: '/node', temporary: '/tmp', socketDirectory: '/run/anchor', socket: '/run/anchor/fn.sock', cache: '/cache' } as const;

/**
 * The young generation from the start as large as load makes it anyhow (MiB): a start then collects no garbage, an eighth
 * of its processor time, and the process is no larger after it.
 */
const YOUNG_MB = 16;
/** Up to Node 22 that flag is one of those under which V8 does not use what was compiled ahead, which costs more than it saves. */
const YOUNG_FROM = 24;

/** Part of the memory limit that V8's heap may take; the rest is for buffers, code and the kernel's own. */
const HEAP_SHARE = 0.75;

/**
 * The argument vector and environment of a function. The user's variables come first: they can not replace what makes
 * the function reachable. Refuses (`artifact_invalid`) entries that would start something outside the tree.
 */
export function functionCommand(entry: FunctionEntry, variables: Readonly<Record<string, string>>, memoryMb: number): Result<FunctionCommand> {
  if (entry.cwd !== '' && entry.cwd !== '.' && !isInside(entry.cwd)) return refuse('its working directory lies outside its files');
  const cwd = join(INSIDE.app, entry.cwd);
  const heap = `--max-old-space-size=${Math.max(32, Math.floor(memoryMb * HEAP_SHARE))}`;
  const own = Object.fromEntries(Object.entries(variables).filter(([name]) => !REFUSED_VARIABLES.includes(name)));
  const env: Record<string, string> = {
    NODE_ENV: 'production', LANG: 'C.UTF-8', NODE_COMPILE_CACHE: `${INSIDE.cache}/node`, ...own,
    PATH: `${INSIDE.node}/bin:${cwd}/node_modules/.bin:/usr/local/bin:/usr/bin:/bin`, HOME: INSIDE.temporary, TMPDIR: INSIDE.temporary,
    ANCHOR_SOCKET: INSIDE.socket, ANCHOR_CACHE: INSIDE.cache,
  };
  if (entry.kind === 'next') {
    if (entry.entry === undefined || !isInside(entry.entry)) return refuse('it names no entry inside its files');
    // No collection of all after a second or two without a visitor: the runtime has one made once it is at rest (rest.ts). Only
    // flags that say how much memory there is: under others V8 does not use what Node has compiled ahead of its own modules.
    return ok({ argv: [`${INSIDE.node}/bin/node`, heap, ...(Number.parseInt(entry.node, 10) >= YOUNG_FROM ? [`--min-semi-space-size=${YOUNG_MB}`] : []), '--no-memory-reducer', `${INSIDE.modules}/next-server.js`, join(INSIDE.app, entry.entry)], env, cwd });
  }
  const [program, ...rest] = entry.argv ?? [];
  if (program === undefined) return refuse('it names no program');
  if (program !== 'node' && !isInside(program.replace(/^\.\//, ''))) return refuse('its program lies outside its files');
  // The preload must also reach child processes (`npm start` starts node), so it travels in the environment.
  env['NODE_OPTIONS'] = [`--import=${INSIDE.modules}/preload.js`, heap, own['NODE_OPTIONS'] ?? ''].join(' ').trim();
  env['PORT'] = '3000';
  return ok({ argv: [program === 'node' ? `${INSIDE.node}/bin/node` : join(INSIDE.app, program), ...rest], env, cwd });
}

const refuse = (why: string): Result<never> => fail('artifact_invalid', 'The function can not be started as the artifact describes it', 'Deploy again.', why);

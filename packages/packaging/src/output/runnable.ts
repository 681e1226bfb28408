import { access } from 'node:fs/promises';
import { posix } from 'node:path';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';
import { SANDBOX_PATHS } from '@anchor/protocol/sandbox-paths.ts';
import type { BuiltServer } from '../detect/frameworks.ts';
import { shellCommands } from '../detect/shell-commands.ts';
import type { StartCommand } from '../detect/start-command.ts';
import { unwrapCommand } from '../detect/unwrap-command.ts';
import { resolveInTree } from '../checkout/checkout-fs.ts';
import { nodeEntryFile } from '../detect/node-entry.ts';
import { isForeign, wrapsForeign } from './foreign-program.ts';
import { installedAt, installedProgram } from './production-packages.ts';

/** A start command, resolved against the files that the build left. Paths are relative to the checkout. */
export type Runnable = Readonly<{
  cwd: string;
  /** An argument vector without a shell; else `script`. */
  argv?: readonly string[];
  script?: string;
  /** Variables that the command sets itself, above those of the project. */
  environment: Readonly<Record<string, string>>;
  /** Files whose imports are traced. */
  entries: readonly string[];
  /** Whether tracing `entries` is enough; else the production dependencies are included. */
  traceable: boolean;
  /** Package folders that are needed with all that they need. */
  packages: readonly string[];
  bun: boolean;
  /** Whether it starts a program that is neither of Node nor of Bun, and so listens on a port. */
  foreign: boolean;
  notes: readonly string[];
}>;

type Draft = {
  entries: string[];
  packages: string[];
  notes: string[];
  bun: boolean;
  foreign: boolean;
  traceable: boolean;
};
const SYSTEM_FOLDERS: readonly string[] = ['/usr/local/bin', '/usr/bin', '/bin'];
const MANAGERS = /^(?:npm|npx|pnpm|pnpx|yarn|yarnpkg|bun|bunx)$/;
const SHELL_WORDS =
  /^(?:if|then|else|elif|fi|for|while|until|do|done|case|esac|set|export|unset|echo|printf|test|\[|\[\[|true|false|:|\.|source|exec|exit|trap|wait|sleep|cd|eval|read|shift|return|local|ulimit|umask|kill|function|[({}!].*)$/;
/** Options of Node that load a module before the entry. */
const LOADS = /^(?:-r|--require|--import|--loader|--experimental-loader)$/;

/**
 * Finds what a start command needs, or reports what is missing. `built`: the framework's server that it starts, if it
 * is one; `hidden`: programs cannot be looked up, since there is no node_modules.
 */
export async function resolveRunnable(
  root: string,
  project: string,
  start: StartCommand,
  built?: BuiltServer,
  hidden = false,
): Promise<Result<Runnable>> {
  const cwd = start.folder === undefined ? project : below(project, start.folder);
  const draft: Draft = { entries: [], packages: [], notes: [], bun: false, foreign: false, traceable: true };
  const done = (
    rest: Pick<Runnable, 'argv' | 'script'>,
    environment: Readonly<Record<string, string>> = {},
  ): Result<Runnable> =>
    ok({ cwd, environment, ...draft, traceable: draft.traceable && built?.untraced !== true, ...rest });
  if (start.kind === 'argv') {
    const argv = await nodeArgv(root, cwd, start.argv, draft);
    return argv.ok ? done({ argv: argv.value }, start.environment) : argv;
  }
  if (hidden) return done({ script: start.script });
  const commands = shellCommands(start.script) ?? [];
  const [only] = commands;
  const alone = commands.length === 1 && only?.plain === true ? unwrapCommand(only.words, () => false) : undefined;
  if (alone?.kind === 'program' && alone.exact && alone.argv[0] === alone.name && !wrapsForeign(alone.name)) {
    const program = await installedProgram(root, cwd, alone.name);
    if (program !== undefined && /\.[cm]?js$/.test(program.file)) {
      draft.packages.push(program.folder);
      draft.traceable = false;
      for (const word of alone.argv.slice(1)) await addEntry(root, cwd, word, draft);
      return done(
        { argv: ['node', posix.relative(cwd === '' ? '.' : cwd, program.file), ...alone.argv.slice(1)] },
        alone.environment,
      );
    }
  }
  draft.traceable = false;
  for (const command of commands) {
    const missing = await commandNeeds(root, cwd, command.words, command.plain, draft);
    if (missing !== undefined) return missing;
  }
  if (/(?:^|[\s;&|/'"])bunx?(?:[\s'"]|$)/.test(start.script)) draft.bun = true;
  return done({ script: start.script });
}

/**
 * Rewrites `node [options] entry …`: the entry by a name that Node finds, what its options load, and an env file only
 * where there is one.
 */
async function nodeArgv(
  root: string,
  cwd: string,
  argv: readonly string[],
  draft: Draft,
): Promise<Result<readonly string[]>> {
  const out: string[] = [];
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i] ?? '';
    const [option = '', inline] = word.split(/=(.*)/s);
    if (i === 0) out.push(word);
    else if (LOADS.test(option)) {
      const value = inline ?? argv[++i] ?? '';
      await addLoaded(root, cwd, value, draft);
      out.push(...(inline === undefined ? [word, value] : [word]));
    } else if (option === '--env-file') {
      const value = inline ?? argv[++i] ?? '';
      // Node refuses to start without the file, which is mostly not committed: its variables are the project's here.
      if ((await resolveInTree(root, below(cwd, value)))?.kind === 'file') out.push(`--env-file=${value}`);
      else
        draft.notes.push(
          `${value} is not part of the build: what it names comes from the project's variables (anchor env set).`,
        );
    } else if (
      /^(?:-C|--conditions|--title|--env-file-if-exists|--max-old-space-size|--stack-trace-limit|-u)$/.test(word) &&
      argv[i + 1] !== undefined
    )
      out.push(word, argv[++i] ?? '');
    else if (word.startsWith('-') && word !== '-') {
      if (/^(?:-e|--eval|-p|--print|--run|--test)$/.test(word)) {
        draft.traceable = false;
        return ok([...out, ...argv.slice(i)]);
      }
      out.push(word);
    } else return entryWord(word, out, argv.slice(i + 1));
  }
  return ok(out);

  async function entryWord(
    word: string,
    before: readonly string[],
    after: readonly string[],
  ): Promise<Result<readonly string[]>> {
    if (word.startsWith(`${SANDBOX_PATHS.runtime}/`)) {
      for (const file of after) await addEntry(root, cwd, file, draft);
      return ok([...before, word, ...after]);
    }
    const file = await nodeEntryFile(root, cwd, word);
    if (file === undefined)
      return fail(
        'output_missing',
        `"${word.slice(0, 200)}" does not exist after the build`,
        'Check the start script, and that the build writes the file that it starts.',
        `The start command is: ${argv.join(' ').slice(0, 300)}`,
      );
    draft.entries.push(file.path);
    // Files that Node reads as TypeScript cannot be traced.
    if (/\.[cm]?ts$/.test(file.path)) draft.traceable = false;
    const inPackage = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(file.path)?.[1];
    if (inPackage !== undefined) {
      draft.traceable = false;
      draft.packages.push(inPackage);
    }
    return ok([...before, file.asWritten ? word : posix.relative(cwd === '' ? '.' : cwd, file.path), ...after]);
  }
}

async function addEntry(root: string, cwd: string, word: string, draft: Draft): Promise<void> {
  if (!/\.[cm]?js$|^\.\.?\//.test(word)) return;
  const file = await nodeEntryFile(root, cwd, word);
  if (file !== undefined) draft.entries.push(file.path);
}

/** Adds a module that an option of Node names: a file, or a package. */
async function addLoaded(root: string, cwd: string, name: string, draft: Draft): Promise<void> {
  if (/^\.{0,2}\//.test(name)) {
    const file = await nodeEntryFile(root, cwd, name);
    if (file !== undefined) draft.entries.push(file.path);
    return;
  }
  const bare = /^(?:@[^/]+\/)?[^/]+/.exec(name)?.[0];
  const found = bare === undefined ? undefined : await installedAt(root, cwd, bare);
  if (found !== undefined) draft.packages.push(found.folder);
}

/** Returns what one command of a script needs; an error when its program is not found. */
async function commandNeeds(
  root: string,
  cwd: string,
  words: readonly string[],
  plain: boolean,
  draft: Draft,
): Promise<Result<never> | undefined> {
  const unwrapped = unwrapCommand(words, () => false);
  // Wrappers are programs themselves: `cross-env`, `dotenv`, `concurrently`.
  for (const word of words) {
    const program = await installedProgram(root, cwd, word);
    if (program !== undefined) draft.packages.push(program.folder);
  }
  if (unwrapped.kind === 'several') {
    for (const script of unwrapped.scripts) {
      for (const command of shellCommands(script) ?? []) {
        const missing = await commandNeeds(root, cwd, command.words, false, draft);
        if (missing !== undefined) return missing;
      }
    }
    return undefined;
  }
  if (unwrapped.kind !== 'program') return undefined;
  const { name, argv } = unwrapped;
  if (name === 'node') {
    const resolved = await nodeArgv(root, cwd, argv, draft);
    return resolved.ok || !plain ? undefined : resolved;
  }
  for (const word of argv.slice(1)) await addEntry(root, cwd, word, draft);
  const first = argv[0] ?? '';
  const opaque = SHELL_WORDS.test(first) || MANAGERS.test(name) || /[$`]/.test(first);
  if (!opaque && (await isForeign(root, cwd, argv))) draft.foreign = true;
  if (!plain || opaque) return undefined;
  if (first.includes('/')) {
    if (first.startsWith('/') || (await resolveInTree(root, below(cwd, first))) !== undefined) return undefined;
    return fail(
      'output_missing',
      `"${first.slice(0, 200)}" does not exist after the build`,
      'Commit the file that the start script runs, or let the build write it.',
    );
  }
  if ((await installedProgram(root, cwd, name)) !== undefined) return undefined;
  for (const folder of SYSTEM_FOLDERS)
    if (
      await access(`${folder}/${name}`).then(
        () => true,
        () => false,
      )
    )
      return undefined;
  return fail(
    'output_missing',
    `The start command needs "${name.slice(0, 100)}", which is not installed`,
    `Add the package that brings it to the dependencies, or set a start command that works without: anchor projects update --start "node server.js"`,
    'It is neither among the programs of the dependencies nor of the system.',
  );
}

function below(folder: string, name: string): string {
  const path = posix.normalize(posix.join(folder === '' ? '.' : folder, name)).replace(/\/$/, '');
  return path === '.' ? '' : path;
}

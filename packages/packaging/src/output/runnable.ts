import { access } from 'node:fs/promises';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';
import type { BuiltServer } from '../detect/frameworks.ts';
import { shellCommands } from '../detect/shell-commands.ts';
import type { StartCommand } from '../detect/start-command.ts';
import { unwrapCommand } from '../detect/unwrap-command.ts';
import { resolveInTree } from '../checkout/checkout-fs.ts';
import { isForeign, scanBudget, wrapsForeign } from './foreign-program.ts';
import { addEntry, below, nodeArgv, relativeTo, type Draft, type RunFolder } from './node-argv.ts';
import { installedProgram } from './production-packages.ts';

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

const SYSTEM_FOLDERS: readonly string[] = ['/usr/local/bin', '/usr/bin', '/bin'];
const MANAGERS = /^(?:npm|npx|pnpm|pnpx|yarn|yarnpkg|bun|bunx)$/;
const SHELL_WORDS =
  /^(?:if|then|else|elif|fi|for|while|until|do|done|case|esac|set|export|unset|echo|printf|test|\[|\[\[|true|false|:|\.|source|exec|exit|trap|wait|sleep|cd|eval|read|shift|return|local|ulimit|umask|kill|function|[({}!].*)$/;
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
  const folder: RunFolder = { root, cwd, budget: scanBudget() };
  const draft: Draft = { entries: [], packages: [], notes: [], bun: false, foreign: false, traceable: true };
  const done = (
    rest: Pick<Runnable, 'argv' | 'script'>,
    environment: Readonly<Record<string, string>> = {},
  ): Result<Runnable> =>
    ok({ cwd, environment, ...draft, traceable: draft.traceable && built?.untraced !== true, ...rest });
  if (start.kind === 'argv') {
    const argv = await nodeArgv(folder, start.argv, draft);
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
      for (const word of alone.argv.slice(1)) await addEntry(folder, word, draft);
      return done({ argv: ['node', relativeTo(cwd, program.file), ...alone.argv.slice(1)] }, alone.environment);
    }
  }
  draft.traceable = false;
  for (const command of commands) {
    const missing = await commandNeeds(folder, command.words, command.plain, draft);
    if (missing !== undefined) return missing;
  }
  if (/(?:^|[\s;&|/'"])bunx?(?:[\s'"]|$)/.test(start.script)) draft.bun = true;
  return done({ script: start.script });
}

/** Returns what one command of a script needs; an error when its program is not found. */
async function commandNeeds(
  folder: RunFolder,
  words: readonly string[],
  plain: boolean,
  draft: Draft,
): Promise<Result<never> | undefined> {
  const { root, cwd } = folder;
  const unwrapped = unwrapCommand(words, () => false);
  // Wrappers are programs themselves: `cross-env`, `dotenv`, `concurrently`.
  for (const word of words) {
    const program = await installedProgram(root, cwd, word);
    if (program !== undefined) draft.packages.push(program.folder);
  }
  if (unwrapped.kind === 'several') {
    for (const script of unwrapped.scripts) {
      for (const command of shellCommands(script) ?? []) {
        const missing = await commandNeeds(folder, command.words, false, draft);
        if (missing !== undefined) return missing;
      }
    }
    return undefined;
  }
  if (unwrapped.kind !== 'program') return undefined;
  const { name, argv } = unwrapped;
  if (name === 'node') {
    const resolved = await nodeArgv(folder, argv, draft);
    return resolved.ok || !plain ? undefined : resolved;
  }
  for (const word of argv.slice(1)) await addEntry(folder, word, draft);
  const first = argv[0] ?? '';
  const opaque = SHELL_WORDS.test(first) || MANAGERS.test(name) || /[$`]/.test(first);
  if (!opaque && !draft.foreign && (await isForeign(root, cwd, argv, folder.budget))) draft.foreign = true;
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
  for (const system of SYSTEM_FOLDERS)
    if (
      await access(`${system}/${name}`).then(
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

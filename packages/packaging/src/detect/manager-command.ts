import type { ScriptPlace, Unwrapped } from './unwrapped.ts';
import { takesNextWord } from './valued-options.ts';
import { afterOptions } from './wrapper-programs.ts';

export const MANAGERS: ReadonlySet<string> = new Set(['npm', 'pnpm', 'yarn', 'yarnpkg', 'bun']);
const BUILT_IN =
  /^(?:add|audit|cache|ci|clean-install|config|create|dedupe|deploy|dlx|exec|explain|fetch|help|i|import|info|init|install|link|list|login|ls|outdated|pack|patch|pm|prune|publish|rebuild|remove|root|set|store|uninstall|unlink|up|update|upgrade|version|view|why|x)$/;

type Managed = Unwrapped | Readonly<{ run: readonly string[] }>;
/** `words`: those after the manager's name. `hasScript`: whether the package here has a script of that name. */
type ManagerCommand = Readonly<{
  manager: string;
  words: readonly string[];
  hasScript: (name: string) => boolean;
  environment: Readonly<Record<string, string>>;
}>;

/** Returns what a package manager runs: a script, a program of the dependencies (`run`), or a command of its own. */
export function fromManager(command: ManagerCommand): Managed {
  const { manager, words, hasScript, environment } = command;
  const { at, end } = placeOf(words, manager);
  const [verb, ...rest] = words.slice(end);
  const itself: Unwrapped = { kind: 'program', name: manager, argv: [manager, ...words], environment, exact: true };
  if (verb === undefined) return manager === 'yarn' ? { kind: 'install' } : { kind: 'nothing' };
  if (verb === 'run' || verb === 'run-script' || verb === 'rum' || verb === 'urn') return fromRun(command, rest, at);
  if (['start', 'stop', 'restart', 'test', 't'].includes(verb) && manager !== 'bun')
    return scriptOf(command, verb, at, rest);
  if (verb === 'exec' || verb === 'dlx' || verb === 'x')
    return { run: afterOptions(rest, ['-p', '--package', '-c', '--call'], 'npx') };
  if (/^(?:i|ci|install|add|clean-install)$/.test(verb)) return { kind: 'install' };
  if (manager === 'npm' || BUILT_IN.test(verb)) return itself;
  if (hasScript(verb) || isElsewhere(at)) return scriptOf(command, verb, at, rest);
  return manager === 'bun' ? itself : { run: words.slice(end) };
}

/** Returns what `npm run …` runs. Options may follow "run", too: `npm run -w web start`. */
function fromRun(command: ManagerCommand, words: readonly string[], before: ScriptPlace): Managed {
  const { manager, hasScript, environment } = command;
  const options = optionsOf(words, manager);
  const at = options.at ?? before;
  const name = words[options.end];
  if (name === undefined) return { kind: 'nothing' };
  const runs = { run: words.slice(options.end) };
  const elsewhere = isElsewhere(at);
  if (manager === 'bun' && !hasScript(name) && !elsewhere)
    return /\.[cm]?[jt]sx?$|\//.test(name)
      ? { kind: 'program', name: 'bun', argv: ['bun', ...command.words], environment, exact: true }
      : runs;
  // yarn and pnpm run programs of the dependencies as well.
  return hasScript(name) || elsewhere || manager === 'npm'
    ? scriptOf(command, name, at, words.slice(options.end + 1))
    : runs;
}

const isElsewhere = (at: ScriptPlace): boolean => at.folder !== undefined || at.workspace !== undefined;

const scriptOf = (
  { manager, environment }: ManagerCommand,
  script: string,
  at: ScriptPlace,
  args: readonly string[],
): Managed => ({ kind: 'script', script, ...trailing(at, args), manager, environment });

/** Parses what precedes the manager's verb: its options, and `workspace NAME` of yarn. `end`: the index of the verb. */
function placeOf(words: readonly string[], manager: string): Readonly<{ at: ScriptPlace; end: number }> {
  let at: ScriptPlace = {};
  for (let i = 0; ;) {
    const options = optionsOf(words.slice(i), manager);
    at = options.at ?? at;
    i += options.end;
    const workspace = words[i + 1];
    if (manager !== 'yarn' || words[i] !== 'workspace' || workspace === undefined) return { at, end: i };
    at = { workspace };
    i += 2;
  }
}

/** Parses leading options: the folder or workspace that they name, and the index of the word after them. */
function optionsOf(words: readonly string[], manager: string): Readonly<{ at: ScriptPlace | undefined; end: number }> {
  let at: ScriptPlace | undefined;
  for (let i = 0; i < words.length; i++) {
    const [option = '', inline] = (words[i] ?? '').split(/=(.*)/s);
    if (!option.startsWith('-')) return { at, end: i };
    const folder = ['--cwd', '-C', '--dir', '--prefix'].includes(option);
    const workspace = ['--filter', '-F', '--workspace'].includes(option) || (option === '-w' && manager === 'npm');
    if (!folder && !workspace) {
      if (inline === undefined && takesNextWord(manager, option)) i++;
      continue;
    }
    const value = inline ?? words[++i];
    if (value === undefined) break;
    at = folder || /^\.\.?\//.test(value) ? { folder: value } : { workspace: value.replace(/\.\.\.$/, '') };
  }
  return { at, end: words.length };
}

/** Parses the options after a script, as in `npm run x -w web -- --port 1`: they belong to npm until "--". */
function trailing(at: ScriptPlace, args: readonly string[]): Readonly<{ at: ScriptPlace; args: readonly string[] }> {
  const end = args.indexOf('--');
  const before = end === -1 ? args : args.slice(0, end);
  const i = before.findIndex((word) => /^(?:-w|--workspace|--prefix|-C|--filter|--cwd)(?:=|$)/.test(word));
  const option = before[i] ?? '';
  const value = option.includes('=') ? option.slice(option.indexOf('=') + 1) : before[i + 1];
  const named =
    i === -1 || value === undefined
      ? at
      : /^(?:-w|--workspace|--filter)/.test(option)
        ? { workspace: value }
        : { folder: value };
  const remaining = i === -1 ? before : before.filter((_, n) => n !== i && (option.includes('=') || n !== i + 1));
  return { at: named, args: [...remaining, ...(end === -1 ? [] : args.slice(end + 1))] };
}

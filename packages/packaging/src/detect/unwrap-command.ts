import { posix } from 'node:path';
import { takesNextWord } from './valued-options.ts';

/**
 * The command behind wrappers such as `cross-env`, `npx` or `dotenv --` in a start script. `script`: of a package.json,
 * in the folder that `at` names (a path from here, or a workspace's name).
 */
export type Unwrapped =
  | Readonly<{
      kind: 'program';
      name: string;
      argv: readonly string[];
      environment: Readonly<Record<string, string>>;
      exact: boolean;
    }>
  | Readonly<{
      kind: 'script';
      script: string;
      at: ScriptPlace;
      args: readonly string[];
      manager: string;
      environment: Readonly<Record<string, string>>;
    }>
  | Readonly<{ kind: 'several'; scripts: readonly string[] }>
  | Readonly<{ kind: 'install' } | { kind: 'nothing' }>;
export type ScriptPlace = Readonly<{ folder?: string; workspace?: string }>;

type State = { words: readonly string[]; environment: Record<string, string>; exact: boolean };

/** Programs that run what follows, and which of their options take a word. */
const RUNNERS: Readonly<Record<string, readonly string[]>> = {
  env: ['-u', '-C', '--unset', '--chdir'],
  'cross-env': [],
  'cross-env-shell': [],
  exec: [],
  nohup: [],
  time: [],
  command: [],
  corepack: [],
  nice: ['-n'],
  'dumb-init': [],
  tini: [],
  'with-env': [],
  dotenv: ['-e', '-v', '-p', '-c'],
  dotenvx: ['-f', '-e', '--env-file', '--env'],
  'env-cmd': ['-f', '--file', '-e', '--environments', '-r'],
  'dotenv-flow': ['-p'],
  npx: ['-p', '--package', '-c', '--call'],
  pnpx: [],
  bunx: [],
  doppler: ['-p', '-c', '--project', '--config'],
  infisical: ['--env'],
};
/** Programs whose arguments are whole scripts that run beside each other or in a row. */
const SEVERAL = new Set(['concurrently', 'conc', 'npm-run-all', 'npm-run-all2', 'run-p', 'run-s']);
export const MANAGERS: ReadonlySet<string> = new Set(['npm', 'pnpm', 'yarn', 'yarnpkg', 'bun']);
const SHELLS = new Set(['sh', 'bash', 'dash', 'ash', 'zsh']);
const BUILT_IN =
  /^(?:add|audit|cache|ci|clean-install|config|create|dedupe|deploy|dlx|exec|explain|fetch|help|i|import|info|init|install|link|list|login|ls|outdated|pack|patch|pm|prune|publish|rebuild|remove|root|set|store|uninstall|unlink|up|update|upgrade|version|view|why|x)$/;

/**
 * Unwraps a command. `hasScript`: whether the package here has a script of that name, which `yarn serve` and
 * `pnpm serve` then run.
 */
export function unwrapCommand(words: readonly string[], hasScript: (name: string) => boolean): Unwrapped {
  const state: State = { words, environment: {}, exact: true };
  for (let rounds = 0; rounds < 12; rounds++) {
    takeEnvironment(state);
    const [first, ...rest] = state.words;
    if (first === undefined) return { kind: 'nothing' };
    const name = programName(first);
    const valued = RUNNERS[name];
    if (valued !== undefined) {
      state.words = afterOptions(rest, valued, name);
      if (
        name !== 'cross-env' &&
        name !== 'env' &&
        name !== 'exec' &&
        name !== 'npx' &&
        name !== 'bunx' &&
        name !== 'pnpx'
      )
        state.exact = false;
    } else if (MANAGERS.has(name)) {
      const managed = fromManager(name === 'yarnpkg' ? 'yarn' : name, rest, hasScript, state.environment);
      if ('kind' in managed) return managed;
      state.words = managed.run;
    } else if (SEVERAL.has(name)) return { kind: 'several', scripts: severalOf(name, rest) };
    else if (SHELLS.has(name) && rest[0] === '-c' && rest[1] !== undefined)
      return { kind: 'several', scripts: [rest[1]] };
    else return programOf(first, name, rest, state);
  }
  return {
    kind: 'program',
    name: programName(state.words[0] ?? ''),
    argv: state.words,
    environment: state.environment,
    exact: false,
  };
}

/** Returns the program of `node_modules/.bin/vite`, `vite@5`, `/usr/bin/node`. */
export function programName(word: string): string {
  const scoped = /^(@[^/@]+\/[^/@]+)(?:@|$)/.exec(word)?.[1];
  if (scoped !== undefined) return scoped;
  return posix
    .basename(word)
    .replace(/(?<=.)@[^@]*$/, '')
    .replace(/\.(?:cmd|exe)$/, '');
}

function takeEnvironment(state: State): void {
  let at = 0;
  for (; at < state.words.length; at++) {
    const match = /^([A-Za-z_][A-Za-z0-9_]*)=(.*)$/s.exec(state.words[at] ?? '');
    if (match?.[1] === undefined) break;
    state.environment[match[1]] = match[2] ?? '';
  }
  state.words = state.words.slice(at);
}

function afterOptions(words: readonly string[], valued: readonly string[], name: string): readonly string[] {
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? '';
    if (word === '--') return words.slice(i + 1);
    if (valued.includes(word)) i++;
    else if (name === 'env-cmd' && /^\.?\/?[\w./-]*\.(?:env|json|rc)[\w.]*$|^\.env/.test(word)) continue;
    else if ((name === 'dotenvx' || name === 'doppler' || name === 'infisical') && word === 'run') continue;
    else if (!word.startsWith('-')) return words.slice(i);
  }
  return [];
}

/**
 * Unwraps a Node program that is really a tool: `node node_modules/vite/bin/vite.js`, `node ace serve`,
 * `node_modules/.bin/x`.
 */
function programOf(first: string, name: string, rest: readonly string[], state: State): Unwrapped {
  const as = (program: string, argv: readonly string[] = state.words): Unwrapped => ({
    kind: 'program',
    name: program,
    argv,
    environment: state.environment,
    exact: state.exact,
  });
  if (name !== 'node') return as(name);
  const runs = rest.findIndex((word) => word === '--run' || word.startsWith('--run='));
  const script = rest[runs]?.includes('=') === true ? rest[runs]?.slice(6) : rest[runs + 1];
  if (runs !== -1 && script !== undefined)
    return { kind: 'script', script, at: {}, args: [], manager: 'node', environment: state.environment };
  const at = rest.findIndex((word, i) => !word.startsWith('-') && !takesNextWord('node', rest[i - 1] ?? ''));
  const file = rest[at]?.replace(/^\.\//, '') ?? '';
  const inPackage = /(?:^|\/)node_modules\/(?:\.bin\/([^/]+)|((?:@[^/]+\/)?[^/]+)\/.*?([^/]+?)(?:\.[cm]?js)?)$/.exec(
    file,
  );
  const tool = inPackage === null ? undefined : (inPackage[1] ?? toolOf(inPackage[2] ?? '', inPackage[3] ?? ''));
  if (tool !== undefined)
    return { kind: 'program', name: tool, argv: ['node', ...rest], environment: state.environment, exact: state.exact };
  if (/^ace(?:\.js)?$/.test(file)) return as('ace', ['ace', ...rest.slice(at + 1)]);
  return as('node', [first === name ? first : 'node', ...rest]);
}

/**
 * Returns the tool of a file: `vite/bin/vite.js` is vite, `@angular/cli/bin/ng.js` is ng, `webpack-cli/bin/cli.js` is
 * webpack-cli.
 */
const toolOf = (name: string, file: string): string =>
  ['cli', 'bin', 'index', 'main', 'index.cjs'].includes(file) ? (name.split('/').at(-1) ?? name) : file;

type Managed = Unwrapped | Readonly<{ run: readonly string[] }>;

function fromManager(
  manager: string,
  words: readonly string[],
  hasScript: (name: string) => boolean,
  environment: Readonly<Record<string, string>>,
): Managed {
  let at: ScriptPlace = {};
  let i = 0;
  for (; i < words.length; i++) {
    const word = words[i] ?? '';
    const [option = '', inline] = word.split(/=(.*)/s);
    const value = inline ?? words[i + 1];
    if (['--cwd', '-C', '--dir', '--prefix'].includes(option) && value !== undefined) at = { folder: value };
    else if (
      (['--filter', '-F', '--workspace'].includes(option) || (option === '-w' && manager === 'npm')) &&
      value !== undefined
    )
      at = /^\.\.?\//.test(value) ? { folder: value } : { workspace: value.replace(/\.\.\.$/, '') };
    else if (word === 'workspace' && manager === 'yarn' && words[i + 1] !== undefined) {
      at = { workspace: words[++i] ?? '' };
      continue;
    } else if (!word.startsWith('-')) break;
    else if (!takesNextWord(manager, option)) continue;
    if (inline === undefined) i++;
  }
  const [verb, ...rest] = words.slice(i);
  const script = (name: string, args: readonly string[]): Managed => ({
    kind: 'script',
    script: name,
    at: trailing(at, args).at,
    args: trailing(at, args).args,
    manager,
    environment,
  });
  if (verb === undefined) return manager === 'yarn' ? { kind: 'install' } : { kind: 'nothing' };
  if (verb === 'run' || verb === 'run-script' || verb === 'rum' || verb === 'urn') {
    // `npm run -w web start`, `bun run --filter=web start`: the options may be on this side of "run", too.
    const within = optionsOf(rest, manager);
    if (within.at !== undefined) at = within.at;
    const named = within.end;
    const name = rest[named];
    if (name === undefined) return { kind: 'nothing' };
    const elsewhere = at.folder !== undefined || at.workspace !== undefined;
    if (manager === 'bun' && !hasScript(name) && !elsewhere)
      return /\.[cm]?[jt]sx?$|\//.test(name)
        ? { kind: 'program', name: 'bun', argv: ['bun', ...words], environment, exact: true }
        : { run: rest.slice(named) };
    // yarn and pnpm run programs of the dependencies as well.
    return hasScript(name) || elsewhere || manager === 'npm'
      ? script(name, rest.slice(named + 1))
      : { run: rest.slice(named) };
  }
  if (['start', 'stop', 'restart', 'test', 't'].includes(verb) && manager !== 'bun') return script(verb, rest);
  if (verb === 'exec' || verb === 'dlx' || verb === 'x')
    return { run: afterOptions(rest, ['-p', '--package', '-c', '--call'], 'npx') };
  if (/^(?:i|ci|install|add|clean-install)$/.test(verb)) return { kind: 'install' };
  if (manager === 'npm' || BUILT_IN.test(verb))
    return { kind: 'program', name: manager, argv: [manager, ...words], environment, exact: true };
  if (hasScript(verb) || at.folder !== undefined || at.workspace !== undefined) return script(verb, rest);
  if (manager === 'bun') return { kind: 'program', name: 'bun', argv: ['bun', ...words], environment, exact: true };
  return { run: words.slice(i) };
}

/** Parses the options before a script's name: where it is, and the index of the name. */
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

function severalOf(name: string, words: readonly string[]): readonly string[] {
  const out: string[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? '';
    if (
      /^(?:-n|--names|-c|--prefix-colors|-p|--prefix|-m|--max-processes|-s|--success|-l|--max-parallel)$/.test(word) &&
      name.startsWith('conc')
    )
      i++;
    else if (word === '--') break;
    else if (!word.startsWith('-'))
      out.push(
        name.startsWith('conc')
          ? word.replace(/^(npm|pnpm|yarn|bun|node):/, (_, manager: string) => `${manager} run `)
          : `npm run ${word}`,
      );
  }
  return out;
}

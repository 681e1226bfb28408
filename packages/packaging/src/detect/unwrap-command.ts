import { posix } from 'node:path';
import { fromManager, MANAGERS } from './manager-command.ts';
import type { Unwrapped } from './unwrapped.ts';
import { takesNextWord } from './valued-options.ts';
import { afterOptions, RUNNERS, SEVERAL, severalOf, SHELLS } from './wrapper-programs.ts';

/** Wrappers that add nothing to the command but the variables in front of it. */
const TRANSPARENT = new Set(['cross-env', 'env', 'exec', 'npx', 'bunx', 'pnpx']);

type State = { words: readonly string[]; environment: Record<string, string>; exact: boolean };

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
      if (!TRANSPARENT.has(name)) state.exact = false;
    } else if (MANAGERS.has(name)) {
      const manager = name === 'yarnpkg' ? 'yarn' : name;
      const managed = fromManager({ manager, words: rest, hasScript, environment: state.environment });
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

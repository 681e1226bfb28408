import { ERROR_LINE, errorWithPlace, WRAPPER } from './error-line.ts';
import { cleanLine, isTelling } from './lines.ts';
import { missingVariables, notSet } from '@anchor/core/logs/missing-variables.ts';
import { BUN_SHAPES } from './shapes-bun.ts';
import { BUNDLER_SHAPES } from './shapes-bundlers.ts';
import { NEXT_SHAPES } from './shapes-next.ts';
import { NODE_SHAPES } from './shapes-node.ts';
import { NPM_SHAPES } from './shapes-npm.ts';
import { PNPM_SHAPES } from './shapes-pnpm.ts';
import { YARN_SHAPES } from './shapes-yarn.ts';
import { MAX_CAUSE_LINES, type Found, type Shape } from './shape.ts';

/**
 * The cause of a failed command, by its output: the lines that matter, a fix where one is known, and missing variables.
 */
export type FoundCause = Readonly<{
  shape: string;
  lines: readonly string[];
  fix?: string;
  missing: readonly string[];
}>;

/**
 * Tried in this order. A shape of a tool comes before one of the runtime below it, and before a line that just looks
 * like an error.
 */
const SHAPES: readonly Shape[] = [
  ...NPM_SHAPES,
  ...PNPM_SHAPES,
  ...YARN_SHAPES,
  ...BUN_SHAPES,
  ...NEXT_SHAPES,
  ...BUNDLER_SHAPES,
  ...NODE_SHAPES,
];

/** Limit of output lines that are analyzed, from the end. */
const MAX_LINES = 4_000;
const MAX_CAUSE_CHARS = 1_600;

/**
 * Finds the cause of a failure in a command's output. The time that it takes grows with the output's length alone.
 * `run`: the output is of the application, which was built.
 */
export function findCause(output: string, stage: 'build' | 'run' = 'build'): FoundCause {
  const lines = output.split('\n').slice(-MAX_LINES).map(cleanLine);
  const found = known(lines, stage) ?? general(lines);
  const missing = missingOf(found.lines, lines);
  return { ...found, lines: bounded(naming(missing, found.lines.map(withoutNoise))), missing };
}

/** Returns the last line with content: what a command was doing when it was stopped. */
export const lastLine = (output: string): string =>
  output
    .slice(-32_768)
    .split('\n')
    .map(cleanLine)
    .findLast((line) => line.trim() !== '')
    ?.trim() ?? '';

function known(lines: readonly string[], stage: 'build' | 'run'): Omit<FoundCause, 'missing'> | undefined {
  for (const shape of SHAPES) {
    if (shape.only !== undefined && shape.only !== stage) continue;
    const found = locate(shape, lines);
    if (found === undefined) continue;
    const cause = (shape.cause?.(found) ?? [found.lines[found.at] ?? '']).filter((line) => line.trim() !== '');
    if (cause.length === 0) continue;
    const fix = shape.fix?.(found);
    return { shape: shape.name, lines: cause, ...(fix === undefined ? {} : { fix }) };
  }
  return undefined;
}

function locate(shape: Shape, lines: readonly string[]): Found | undefined {
  for (const [at, line] of lines.entries()) {
    const match = shape.line.exec(line);
    if (match !== null && shape.unless?.({ match, lines, at }) !== true) return { match, lines, at };
  }
  return undefined;
}

/** Returns the cause without a known shape: the last error that gives a reason; else the last lines with text. */
function general(lines: readonly string[]): Omit<FoundCause, 'missing'> {
  const reason = lines.findLastIndex((line) => ERROR_LINE.test(line) && !WRAPPER.test(line) && isTelling(line));
  const at = reason === -1 ? lines.findLastIndex((line) => ERROR_LINE.test(line) && isTelling(line)) : reason;
  if (at !== -1) return { shape: 'error', lines: errorWithPlace(lines, at) };
  const telling = lines.filter(isTelling);
  return {
    shape: 'last-lines',
    lines: (telling.length > 0 ? telling : lines.filter((line) => line.trim() !== '')).slice(-4),
  };
}

/** Returns the missing variables that the cause itself or another error line names; a mere warning names none. */
function missingOf(cause: readonly string[], lines: readonly string[]): readonly string[] {
  const own = missingVariables(cause);
  if (own.length > 0) return own;
  const errors: string[] = [];
  for (const [at, line] of lines.entries())
    if (ERROR_LINE.test(line) || /^[❌✖✘⨯] /.test(line)) errors.push(...lines.slice(at, at + 24));
  return missingVariables(errors.slice(0, 400));
}

/** Names the missing variables after a cause that does not (a list of issues over many lines). */
function naming(missing: readonly string[], cause: readonly string[]): readonly string[] {
  const lines = cause.filter((line) => !/[[{](?: \([^)]{1,200}\))?$/.test(line));
  if (missing.length === 0 || lines.some((line) => missing.some((name) => line.includes(name))))
    return lines.length > 0 ? lines : cause;
  return [notSet(missing), ...lines];
}

/** Removes what tools add around the message: temporary names of configuration files, pointers to pages. */
const withoutNoise = (line: string): string =>
  line
    .replace(/\/app\/node_modules\/\.vite-temp\/([\w.-]{1,60}?)\.timestamp-[\w-]{1,60}\.mjs/, '$1')
    .replace(/\. Read more: https?:\S{1,200}$/, '')
    .replace(/^\s{0,6}╭─{1,3}\[ ?(\S{1,200}) ?\]$/, '  $1');

function bounded(lines: readonly string[]): readonly string[] {
  const unique: string[] = [];
  let chars = 0;
  for (const line of lines.slice(0, MAX_CAUSE_LINES)) {
    chars += line.length + 1;
    if (chars > MAX_CAUSE_CHARS) break;
    if (!unique.includes(line)) unique.push(unique.length === 0 ? line.trimStart() : line);
  }
  return unique;
}

import type { Problem } from '@anchor/client/schemas/problem.ts';
import pc from 'picocolors';
import { safeText } from './text.ts';

type Colors = ReturnType<typeof pc.createColors>;

/** Where results and progress go: results to stdout, everything else to stderr, so that pipes carry results only. */
export type Output = Readonly<{
  json: boolean;
  /** stderr is a terminal: a spinner may move there. */
  live: boolean;
  color: Colors;
  /** Writes one line of a result. */
  line(text: string): void;
  /** Writes one line of progress or advice. */
  note(text: string): void;
  /** Writes to stderr without a line end: only for a live spinner. */
  raw(text: string): void;
  /** Makes text from outside safe to print. */
  safe(text: string): string;
}>;

export type Streams = Readonly<{
  stdout: NodeJS.WritableStream & { isTTY?: boolean };
  stderr: NodeJS.WritableStream & { isTTY?: boolean };
}>;

export function makeOutput(
  streams: Streams,
  options: Readonly<{ json: boolean; plain: boolean; ci: boolean }>,
): Output {
  const tty = streams.stderr.isTTY === true;
  const colored = !options.plain && !options.json && tty && streams.stdout.isTTY === true;
  return {
    json: options.json,
    live: tty && !options.ci && !options.json && !options.plain,
    color: pc.createColors(colored),
    line: (text) => void streams.stdout.write(`${text}\n`),
    note: (text) => void streams.stderr.write(`${text}\n`),
    raw: (text) => void streams.stderr.write(text),
    safe: (text) => safeText(text, colored),
  };
}

/** Returns what happened, why, and what to do, as lines for a user. */
export function problemLines(problem: Problem, { color, safe }: Output): readonly string[] {
  // The first wrong field is the cause as well.
  const fields = (problem.errors ?? [])
    .filter(({ path, message }) => problem.cause !== `${path}: ${message}`)
    .map(({ path, message }) => `  ${safe(path)}: ${safe(message)}`);
  return [
    `${color.red('✗')} ${safe(problem.detail)}`,
    ...(problem.cause === undefined
      ? []
      : safe(problem.cause)
          .split('\n')
          .map((line, index) => `  ${index === 0 ? color.dim('why:') : '    '} ${line}`)),
    ...fields,
    `  ${color.dim('fix:')} ${safe(problem.fix)}`,
    ...(problem.instance === undefined ? [] : [`  ${color.dim(`request ${safe(problem.instance)}`)}`]),
  ];
}

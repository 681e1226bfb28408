import { cleanLine, isTelling } from './lines.ts';

/** Longer lines of a command's output are cut: the reason of a failure is at the start of a line. */
const MAX_LINE = 4_000;
/** Of the first lines that speak of an error, so many characters are kept however much comes after them. */
const MAX_FIRST = 32_768;
/** An error's own lines: the lines after it have the place and the reason. */
const LINES_OF_ERROR = 12;
const ERROR = /error|missing|not set|not found|cannot|can't|failed|fatal|ERR!/i;

/**
 * Keeps the parts of a command's output that may explain a failure, in bounded memory: its end, and the first errors.
 * Standard output and standard error are cut into lines each by itself, so that neither breaks the other's lines.
 */
export class OutputTail {
  #lines: string[] = [];
  #size = 0;
  #first: string[] = [];
  #firstSize = 0;
  /** Whether the front of the output is gone. */
  #dropped = false;
  #following = 0;
  readonly #rest = new Map<string, string>();
  readonly #maxChars: number;

  constructor(maxChars = 131_072) {
    this.#maxChars = maxChars;
  }

  add(chunk: string, stream = 'stdout'): void {
    const lines = ((this.#rest.get(stream) ?? '') + chunk).split('\n');
    const rest = lines.pop() ?? '';
    // Of a line that redraws itself without end (a progress bar) the last state is enough.
    this.#rest.set(stream, rest.length > MAX_LINE ? rest.slice(-MAX_LINE) : rest);
    for (const line of lines)
      this.#keep(
        line.length > MAX_LINE ? (line.includes('\r') ? line.slice(-MAX_LINE) : line.slice(0, MAX_LINE)) : line,
      );
  }

  #keep(line: string): void {
    this.#lines.push(line);
    this.#size += line.length + 1;
    if (this.#firstSize < MAX_FIRST) {
      if (ERROR.test(line.slice(0, 500)) && isTelling(cleanLine(line))) this.#following = LINES_OF_ERROR;
      if (this.#following > 0) {
        this.#following -= 1;
        this.#first.push(line);
        this.#firstSize += line.length + 1;
      }
    }
    if (this.#size <= 2 * this.#maxChars) return;
    // In one go, half of it: dropping line by line would move the rest for every line.
    let drop = 0;
    while (this.#size > this.#maxChars && drop < this.#lines.length)
      this.#size -= (this.#lines[drop++] ?? '').length + 1;
    this.#lines = this.#lines.slice(drop);
    this.#dropped = true;
  }

  /** The first errors, if the rest is no longer whole, and the end of the output. */
  get text(): string {
    const open = [...this.#rest.values()].filter((rest) => rest !== '');
    return [...(this.#dropped ? this.#first : []), ...this.#lines, ...open].join('\n');
  }
}

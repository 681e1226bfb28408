import { Writable } from 'node:stream';
import { createInterface, type Interface } from 'node:readline';
import type { Context } from './context.ts';

/** Reads one value after the other: typed at a terminal, or a line each from a pipe. */
class Prompter {
  readonly #out: Context['out'];
  readonly #reader: Interface;
  readonly #terminal: boolean;
  readonly #lines: string[] = [];
  #next: ((line: string) => void) | undefined;
  #ended = false;
  #hidden = false;

  constructor({ stdin, out, signal }: Pick<Context, 'stdin' | 'out' | 'signal'>) {
    this.#out = out;
    this.#terminal = stdin.isTTY === true;
    const echo = new Writable({
      write: (chunk, _encoding, callback) => {
        if (!this.#hidden) out.raw(String(chunk));
        callback();
      },
    });
    this.#reader = createInterface({
      input: stdin,
      terminal: this.#terminal,
      signal,
      ...(this.#terminal ? { output: echo } : {}),
    });
    this.#reader.on('line', (line) => this.#take(line));
    this.#reader.on('close', () => {
      this.#ended = true;
      this.#next?.('');
    });
  }

  /** Returns the value, or '' when there is none. A hidden one is not shown while it is typed. */
  async read(question: string, hidden = false): Promise<string> {
    this.#hidden = hidden;
    if (this.#terminal) this.#out.raw(question);
    const line =
      this.#lines.shift() ??
      (this.#ended
        ? ''
        : await new Promise<string>((resolve) => {
            this.#next = resolve;
          }));
    if (this.#terminal && hidden) this.#out.note('');
    return line.trim();
  }

  close(): void {
    this.#reader.close();
  }

  #take(line: string): void {
    // Nothing is shown before the next question says that it may be.
    this.#hidden = true;
    const next = this.#next;
    // At once: another line may follow before the value is used.
    this.#next = undefined;
    if (next === undefined) this.#lines.push(line);
    else next(line);
  }
}

/** Runs `read` with a prompter, and releases the terminal after it. */
export async function prompting<T>(
  context: Pick<Context, 'stdin' | 'out' | 'signal'>,
  read: (prompter: Prompter) => Promise<T>,
): Promise<T> {
  const prompter = new Prompter(context);
  try {
    return await read(prompter);
  } finally {
    prompter.close();
  }
}

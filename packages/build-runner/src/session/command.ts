import { setImmediate as immediate, setTimeout as delay } from 'node:timers/promises';
import type { StepName } from '@anchor/core/deployments/deployment.ts';
import type { LogLevel } from '@anchor/core/logs/log-line.ts';
import { ReadPace } from '@anchor/core/logs/read-pace.ts';
import type { Exit, SandboxHandle } from '@anchor/core/ports/sandbox.ts';
import { OutputTail } from '@anchor/packaging/explain/output-tail.ts';

/** Collects the output of all commands of a build: bounded, never buffered. */
export class OutputSink {
  readonly #write: (chunk: string, level: LogLevel, step: StepName) => void;
  #left: number;
  #cut = false;

  constructor(write: (chunk: string, level: LogLevel, step: StepName) => void, maxBytes: number) {
    this.#write = write;
    this.#left = maxBytes;
  }

  write(chunk: string, level: LogLevel, step: StepName): void {
    if (this.#cut) return;
    this.#left -= Buffer.byteLength(chunk);
    if (this.#left >= 0) return this.#write(chunk, level, step);
    this.#cut = true;
    this.#write(
      '\n[anchor] The log is cut here: the build printed more than the limit. The build itself goes on.\n',
      'warn',
      step,
    );
  }

  /** Writes a line of the platform's own. */
  log(line: string, step: StepName, level: LogLevel = 'info'): void {
    this.#write(`${line}\n`, level, step);
  }
}

/** How long the pipes of an ended command are read after they fell silent, and in all. */
const SILENCE_MS = 2_000;
const MAX_DRAIN_MS = 15_000;
/**
 * Bytes of output that are read a second, and at once: a log of a build holds less. A command that prints more waits.
 */
const READ_LIMITS = { perSecond: 16 * 1024 * 1024, burst: 64 * 1024 * 1024 };

export type Command = Readonly<{
  argv: readonly string[];
  env: Readonly<Record<string, string>>;
  cwd: string;
  input?: Uint8Array;
}>;
export type CommandResult = Readonly<{ exit: Exit; tail: OutputTail }>;

/** Runs one command in a sandbox to its end, passing its output on as it comes. */
export async function runCommand(
  sandbox: SandboxHandle,
  command: Command,
  step: StepName,
  sink: OutputSink,
): Promise<CommandResult> {
  const child = sandbox.spawn(command);
  const tail = new OutputTail();
  const pace = new ReadPace(READ_LIMITS, () => performance.now());
  let last = 0;
  const pump = async (stream: AsyncIterable<Uint8Array>, level: LogLevel, name: string) => {
    const decoder = new TextDecoder();
    for await (const bytes of stream) {
      last = performance.now();
      const text = decoder.decode(bytes, { stream: true });
      tail.add(text, name);
      sink.write(text, level, step);
      const wait = pace.read(bytes.length);
      if (wait > 0) await delay(wait);
    }
    const rest = decoder.decode();
    if (rest !== '') sink.write(rest, level, step);
  };
  // stderr is where tools write progress and warnings: the line decides its level, not the stream.
  const pumps = Promise.all([pump(child.stdout, 'info', 'stdout'), pump(child.stderr, 'info', 'stderr')]);
  const exit = await child.exited;
  // A leftover process may hold the pipes open: its later output belongs to nothing. On a busy machine the last lines
  // may still be in transit, and they explain a failure: silence is counted from the last line.
  const closed = pumps.then(
    () => true,
    () => true,
  );
  const ended = performance.now();
  last = ended;
  while (!(await Promise.race([closed, nextEventLoopTurn()]))) {
    const now = performance.now();
    if (now - last >= SILENCE_MS || now - ended >= MAX_DRAIN_MS) break;
  }
  return { exit, tail };
}

/** Timers run before what has arrived is read: that gets its turn before silence is judged. */
async function nextEventLoopTurn(): Promise<false> {
  await delay(100);
  await immediate();
  return false;
}

/** Runs one command and returns its stdout, at most `maxBytes`. Nothing of it reaches the log. */
export async function capture(
  sandbox: SandboxHandle,
  command: Command,
  maxBytes: number,
): Promise<Readonly<{ exit: Exit; stdout: string; stderr: string; cut: boolean }>> {
  const child = sandbox.spawn(command);
  let cut = false;
  const read = async (stream: AsyncIterable<Uint8Array>) => {
    const parts: Uint8Array[] = [];
    let size = 0;
    for await (const bytes of stream) {
      if (size + bytes.length > maxBytes) {
        cut = true;
        continue;
      }
      size += bytes.length;
      parts.push(bytes);
    }
    return new TextDecoder().decode(Buffer.concat(parts));
  };
  const [stdout, stderr, exit] = await Promise.all([read(child.stdout), read(child.stderr), child.exited]);
  return { exit, stdout, stderr, cut };
}

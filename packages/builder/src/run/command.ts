import type { StepName } from '@anchor/core/deployments/deployment.ts';
import type { LogLevel } from '@anchor/core/logs/log-line.ts';
import type { Exit, SandboxHandle } from '@anchor/core/ports/sandbox.ts';
import { OutputTail } from './output-tail.ts';

/** Where output goes: bounded, never buffered. Shared by all commands of a build. */
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
    this.#left -= chunk.length;
    if (this.#left >= 0) return this.#write(chunk, level, step);
    this.#cut = true;
    this.#write('\n[anchor] The log is cut here: the build printed more than the limit. The build itself goes on.\n', 'warn', step);
  }

  /** A line of the platform's own. */
  say(line: string, step: StepName, level: LogLevel = 'info'): void {
    this.#write(`${line}\n`, level, step);
  }
}

export type Command = Readonly<{ argv: readonly string[]; env: Readonly<Record<string, string>>; cwd: string; input?: Uint8Array }>;
export type Ended = Readonly<{ exit: Exit; tail: OutputTail }>;

/** Runs one command in a sandbox to its end, passing its output on as it comes. */
export async function runCommand(sandbox: SandboxHandle, command: Command, step: StepName, sink: OutputSink): Promise<Ended> {
  const child = sandbox.spawn(command);
  const tail = new OutputTail();
  const pump = async (stream: AsyncIterable<Uint8Array>, level: LogLevel) => {
    const decoder = new TextDecoder();
    for await (const bytes of stream) {
      const text = decoder.decode(bytes, { stream: true });
      tail.add(text);
      sink.write(text, level, step);
    }
    const rest = decoder.decode();
    if (rest !== '') sink.write(rest, level, step);
  };
  // stderr is where tools put progress and warnings: its level is told by the line, not by the stream.
  const pumps = Promise.all([pump(child.stdout, 'info'), pump(child.stderr, 'info')]);
  const exit = await child.exited;
  // A process left behind may hold the pipes open: what it prints later belongs to nothing.
  let timer: NodeJS.Timeout | undefined;
  await Promise.race([pumps.catch(() => undefined), new Promise<void>((resolve) => { timer = setTimeout(resolve, 2000); })]);
  clearTimeout(timer);
  return { exit, tail };
}

/** Runs one command and gives what it printed on stdout, at most `maxBytes`; nothing of it reaches the log. */
export async function capture(sandbox: SandboxHandle, command: Command, maxBytes: number): Promise<Readonly<{ exit: Exit; stdout: string; stderr: string; cut: boolean }>> {
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

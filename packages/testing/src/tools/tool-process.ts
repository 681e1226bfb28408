import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/** Kept of a tool's output, for the message of a test that fails. */
const OUTPUT_LIMIT = 4 * 1024 * 1024;

/** A process of a tool that tests run: its output is kept, and `stop` waits for its end. */
export class ToolProcess {
  readonly #child: ChildProcess;
  readonly #kill = (): void => void this.#child.kill('SIGKILL');
  #output = '';

  constructor(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
    this.#child = spawn(command, [...args], { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } });
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.on('data', (chunk: Buffer) => {
        this.#output = (this.#output + chunk.toString()).slice(-OUTPUT_LIMIT);
      });
    this.#child.on('error', (error) => {
      this.#output += String(error);
    });
    // a test file that fails before its first test stops nothing
    process.once('exit', this.#kill);
  }

  get output(): string {
    return this.#output;
  }

  get running(): boolean {
    return this.#child.pid !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Waits until `ready` returns true. Returns false when the process exits before. Ends the process when it fails. */
  async ready(ready: () => Promise<boolean>, deadlineMs = 20_000): Promise<boolean> {
    const end = performance.now() + deadlineMs;
    let last: unknown;
    while (this.running) {
      try {
        if (await ready()) return true;
      } catch (error) {
        last = error;
      }
      if (performance.now() > end) {
        await this.stop();
        throw new Error(`not ready within ${deadlineMs} ms: ${this.#output}`, { cause: last });
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return false;
  }

  async stop(): Promise<void> {
    process.off('exit', this.#kill);
    if (!this.running) return;
    const exit = once(this.#child, 'exit');
    this.#kill();
    await exit;
  }
}

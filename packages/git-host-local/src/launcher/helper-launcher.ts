import type { GitChild } from './git-child.ts';
import type { GitLauncher } from './git-launcher.ts';
import { HelperProcess, type HelperOptions } from './helper-process.ts';

/** How long the helper is kept without work. */
const IDLE_MS = 60_000;

/**
 * Starts git in a process of its own. Starting a process stops the caller's thread until the new program runs, and
 * copies the page tables of the whole process. The helper is small, is started by the first git and exits when idle.
 */
export class HelperLauncher implements GitLauncher {
  readonly #options: HelperOptions;
  readonly #idleMs: number;
  #helper: Promise<HelperProcess> | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor({ idleMs = IDLE_MS, ...options }: HelperOptions & Readonly<{ idleMs?: number }>) {
    this.#options = options;
    this.#idleMs = idleMs;
  }

  /** Process id of the helper; undefined while none runs. */
  async pid(): Promise<number | undefined> {
    return (await this.#helper)?.pid;
  }

  async start(argv: readonly string[], env: Readonly<Record<string, string>>): Promise<GitChild> {
    const helper = await this.#ready();
    const child = await helper.start(argv, env);
    void child.closed.then(() => this.#closeWhenIdle());
    return child;
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    const helper = this.#helper;
    // At once: whatever starts meanwhile gets a new one.
    this.#helper = undefined;
    await (await helper?.catch(() => undefined))?.close();
  }

  #ready(): Promise<HelperProcess> {
    clearTimeout(this.#timer);
    if (this.#helper !== undefined) return this.#helper;
    const starting = HelperProcess.open(this.#options);
    this.#helper = starting;
    const forget = (): void => {
      if (this.#helper === starting) this.#helper = undefined;
    };
    starting.then((helper) => helper.exited.then(forget), forget);
    return starting;
  }

  /** Closes the current helper: the git that ended may be one of a helper before it. */
  #closeWhenIdle(): void {
    clearTimeout(this.#timer);
    const helper = this.#helper;
    this.#timer = setTimeout(async () => {
      if ((await helper?.catch(() => undefined))?.idle === true && helper === this.#helper) await this.close();
    }, this.#idleMs).unref();
  }
}

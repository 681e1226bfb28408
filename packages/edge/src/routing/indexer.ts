import { readFile, stat } from 'node:fs/promises';
import { Worker } from 'node:worker_threads';
import type { IndexResult, IndexRequest } from './index-thread.ts';
import { indexManifest, type SiteIndex } from './site-index.ts';

/** Size up to which a manifest is read without a thread: a millisecond or two. */
const SMALL_BYTES = 64 * 1024;
/** Several times what packaging allows now: artifacts of before are served. */
const MOST_BYTES = 64 * 1024 * 1024;
const THREAD_MB = 768;
/**
 * V8 would set half a gigabyte aside for the code of each thread, which counts against the memory limit of the worker.
 */
const THREAD_CODE_MB = 16;
const MOST_MS = 30_000;
const IDLE_MS = 10_000;

type Task = Readonly<{ path: string; done(response: SiteIndex | string): void }>;

/** Reads manifests: small ones at once, large ones one after the other in a thread, each project in its turn. */
export class Indexer {
  readonly #queues = new Map<string, Task[]>();
  #thread: Worker | undefined;
  #task: Task | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** Parses a manifest. Returns a string with the reason when it is invalid; rejects when the file cannot be read. */
  async index(path: string, owner: string): Promise<SiteIndex | string> {
    const { size } = await stat(path);
    if (size > MOST_BYTES) return `The manifest has ${Math.round(size / 1024 / 1024)} MB.`;
    if (size <= SMALL_BYTES) return indexManifest(await readFile(path, 'utf8'));
    return new Promise((done) => {
      const queue = this.#queues.get(owner) ?? [];
      queue.push({ path, done });
      this.#queues.set(owner, queue);
      this.#next();
    });
  }

  close(): void {
    clearTimeout(this.#timer);
    void this.#thread?.terminate();
    this.#thread = undefined;
  }

  #next(): void {
    if (this.#task !== undefined) return;
    clearTimeout(this.#timer);
    for (const [owner, queue] of this.#queues) {
      // An owner with more work moves to the end of the queue.
      this.#queues.delete(owner);
      const task = queue.shift();
      if (queue.length > 0) this.#queues.set(owner, queue);
      if (task === undefined) continue;
      this.#task = task;
      this.#timer = setTimeout(() => this.#broken('It takes too long to read.'), MOST_MS);
      this.#timer.unref();
      return (this.#thread ??= this.#start()).postMessage({ path: task.path } satisfies IndexRequest);
    }
    this.#timer = setTimeout(() => this.close(), IDLE_MS);
    this.#timer.unref();
  }

  #start(): Worker {
    const thread = new Worker(new URL('./index-thread.ts', import.meta.url), {
      resourceLimits: { maxOldGenerationSizeMb: THREAD_MB, codeRangeSizeMb: THREAD_CODE_MB },
    });
    thread.unref();
    // Of a thread that was given up the last word may still come: it is not about the manifest that is read now.
    thread.on('message', (response: IndexResult) => {
      if (this.#thread === thread) this.#finish('wrong' in response ? response.wrong : response.index);
    });
    thread.on('error', (error) => {
      if (this.#thread === thread)
        this.#broken(
          error instanceof Error && 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY'
            ? 'It takes too much memory to read.'
            : 'The manifest cannot be read.',
        );
    });
    return thread;
  }

  /** Discards the thread after a failure; the next manifest gets a new one. */
  #broken(why: string): void {
    void this.#thread?.terminate();
    this.#thread = undefined;
    this.#finish(why);
  }

  #finish(response: SiteIndex | string): void {
    const task = this.#task;
    this.#task = undefined;
    this.#next();
    task?.done(response);
  }
}

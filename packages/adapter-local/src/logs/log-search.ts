import { Worker } from 'node:worker_threads';
import type { LogLine } from '@anchor/core/logs/log-line.ts';
import type { LogFilter } from '@anchor/core/ports/log-store.ts';
import type { LogFiles } from './log-files.ts';
import type { SearchRequest, SearchResult } from './search-thread.ts';

const IDLE_MS = 10_000;
/** A page has 1 MB of text; the rest is garbage between two collections. */
const THREAD_MB = 256;
/** Small, since a page of results is all that survives a collection. */
const THREAD_YOUNG_MB = 8;
/** V8 would set half a gigabyte of addresses aside for the code of each thread. */
const THREAD_CODE_MB = 16;

/** Returns whether the files have to be scanned to find these lines: they are few among many. */
export const needsScan = ({ level, requestId, text }: LogFilter): boolean =>
  level !== undefined || requestId !== undefined || text !== undefined;

/**
 * Scans logs in a thread. A scan makes strings of each piece of the file, in all 40 MB for a log of 20 MB. Every
 * collection of them stops the thread it runs in, on a busy machine for up to 70 ms. The thread starts with the first
 * search and ends when idle.
 */
export class LogSearch {
  readonly #running = new Map<number, PromiseWithResolvers<readonly LogLine[]>>();
  #thread: Worker | undefined;
  #timer: NodeJS.Timeout | undefined;
  #last = 0;

  search(files: LogFiles, filter: LogFilter): Promise<readonly LogLine[]> {
    clearTimeout(this.#timer);
    const thread = (this.#thread ??= this.#start());
    const id = ++this.#last;
    const result = Promise.withResolvers<readonly LogLine[]>();
    this.#running.set(id, result);
    thread.ref();
    thread.postMessage({ id, files, filter } satisfies SearchRequest);
    return result.promise;
  }

  #start(): Worker {
    const thread = new Worker(new URL('./search-thread.ts', import.meta.url), {
      resourceLimits: {
        maxOldGenerationSizeMb: THREAD_MB,
        maxYoungGenerationSizeMb: THREAD_YOUNG_MB,
        codeRangeSizeMb: THREAD_CODE_MB,
      },
    });
    let failure: unknown = new Error('the log search ended');
    thread.on('message', (result: SearchResult) => this.#finish(result));
    thread.on('error', (error) => {
      failure = error;
    });
    thread.on('exit', () => this.#ended(thread, failure));
    return thread;
  }

  #finish(result: SearchResult): void {
    const running = this.#running.get(result.id);
    this.#running.delete(result.id);
    if ('error' in result) running?.reject(new Error(result.error));
    else running?.resolve(result.lines);
    if (this.#running.size > 0) return;
    this.#thread?.unref();
    this.#timer = setTimeout(() => {
      const thread = this.#thread;
      this.#thread = undefined;
      void thread?.terminate();
    }, IDLE_MS).unref();
  }

  /** Searches of a thread that broke fail; the next one gets another thread. */
  #ended(thread: Worker, failure: unknown): void {
    if (this.#thread !== thread) return;
    this.#thread = undefined;
    for (const { reject } of this.#running.values()) reject(failure);
    this.#running.clear();
  }
}

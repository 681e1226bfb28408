import { Worker } from 'node:worker_threads';
import type { LogLine } from '@anchor/core/logs/log-line.ts';
import { encodePage } from '@anchor/core/logs/log-page.ts';
import type { LogFilter } from '@anchor/core/ports/log-store.ts';
import type { LogFiles } from './log-files.ts';
import { readPage, type LogPosition, type PageRead } from './page-reader.ts';
import type { ReadRequest, ReadResult } from './reader-thread.ts';

const IDLE_MS = 10_000;
/** A page has 1 MB of text; the rest is garbage between two collections. */
const THREAD_MB = 256;
/** Small, since a page of results is all that survives a collection. */
const THREAD_YOUNG_MB = 8;
/** V8 would set half a gigabyte of addresses aside for the code of each thread. */
const THREAD_CODE_MB = 16;

/** The thread ended before its response: the request itself may be repeated. */
class ThreadEnded extends Error {}

/**
 * Reads much of logs in a thread. That makes strings of each piece of a file, in all 40 MB for a log of 20 MB. Every
 * collection of them stops the thread it runs in, on a busy machine for up to 70 ms. The thread starts with the first
 * request and ends when idle.
 */
export class LogThread {
  readonly #running = new Map<number, PromiseWithResolvers<ReadResult>>();
  readonly #turns = new Map<string, Promise<unknown>>();
  #thread: Worker | undefined;
  #timer: NodeJS.Timeout | undefined;
  #last = 0;

  /** Repeated once when the thread ends meanwhile: another request may have ended it. */
  async search(files: LogFiles, filter: LogFilter): Promise<readonly LogLine[]> {
    const search = (): Promise<ReadResult> => this.#request(files, filter);
    const result = await search().catch((error: unknown) => {
      if (error instanceof ThreadEnded) return search();
      throw error;
    });
    return result.lines ?? [];
  }

  /** Reads one page of a log at a time, so that each log has an equal share of the thread, however many follow it. */
  async page(files: LogFiles, filter: LogFilter, position: LogPosition, signal: AbortSignal): Promise<PageRead> {
    const read = async (): Promise<PageRead> => {
      // Followers that left while they waited cost the others nothing.
      if (signal.aborted) return { page: encodePage([]), position, more: false };
      try {
        return await this.#readPage(files, filter, position);
      } catch (error) {
        if (!(error instanceof ThreadEnded)) throw error;
        // One page does not end a thread twice, unless the thread cannot run at all: a page is small enough for here.
        return await this.#readPage(files, filter, position).catch((repeated: unknown) => {
          if (repeated instanceof ThreadEnded) return readPage(files, filter, position);
          throw repeated;
        });
      }
    };
    const log = files.current;
    const turn = (this.#turns.get(log) ?? Promise.resolve()).then(read, read);
    this.#turns.set(log, turn);
    try {
      return await turn;
    } finally {
      if (this.#turns.get(log) === turn) this.#turns.delete(log);
    }
  }

  async #readPage(files: LogFiles, filter: LogFilter, position: LogPosition): Promise<PageRead> {
    const { read } = await this.#request(files, filter, position);
    if (read === undefined) throw new Error('the log thread read no page');
    return read;
  }

  async #request(files: LogFiles, filter: LogFilter, position?: LogPosition): Promise<ReadResult> {
    clearTimeout(this.#timer);
    const thread = (this.#thread ??= this.#start());
    const id = ++this.#last;
    const result = Promise.withResolvers<ReadResult>();
    this.#running.set(id, result);
    thread.ref();
    thread.postMessage({ id, files, filter, ...(position === undefined ? {} : { position }) } satisfies ReadRequest);
    return result.promise;
  }

  #start(): Worker {
    const thread = openThread();
    let cause: unknown;
    thread.on('message', (result: ReadResult) => this.#finish(result));
    thread.on('error', (error) => {
      cause = error;
    });
    thread.on('exit', () => this.#ended(thread, new ThreadEnded('the log thread ended', { cause })));
    return thread;
  }

  #finish(result: ReadResult): void {
    const running = this.#running.get(result.id);
    this.#running.delete(result.id);
    if (result.error === undefined) running?.resolve(result);
    else running?.reject(new Error(result.error));
    if (this.#running.size > 0) return;
    this.#thread?.unref();
    this.#timer = setTimeout(() => {
      const thread = this.#thread;
      this.#thread = undefined;
      void thread?.terminate();
    }, IDLE_MS).unref();
  }

  /** Requests of a thread that ended fail; the next one gets another thread. */
  #ended(thread: Worker, failure: unknown): void {
    if (this.#thread !== thread) return;
    this.#thread = undefined;
    for (const { reject } of this.#running.values()) reject(failure);
    this.#running.clear();
  }
}

/** Throws a `ThreadEnded` where the machine cannot start another thread. */
function openThread(): Worker {
  try {
    return new Worker(new URL('./reader-thread.ts', import.meta.url), {
      resourceLimits: {
        maxOldGenerationSizeMb: THREAD_MB,
        maxYoungGenerationSizeMb: THREAD_YOUNG_MB,
        codeRangeSizeMb: THREAD_CODE_MB,
      },
    });
  } catch (cause) {
    throw new ThreadEnded('the log thread could not be started', { cause });
  }
}

/** Loads built entry points on first use and calls them. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { isRecord } from '../process/environment.ts';
import type { Entry, FunctionFiles } from '../routing/description.ts';
import { runOnEdgeRuntime, sendWebResponse } from './edge-runtime.ts';
import { pauseHeapGrowing } from '../process/heap-growing.ts';

export type RequestMeta = Record<string, unknown>;
type NodeHandler = (
  request: IncomingMessage,
  response: ServerResponse,
  context: { waitUntil: (work: Promise<unknown>) => void; requestMeta: RequestMeta },
) => Promise<unknown>;
type WebHandler = (
  request: Request,
  context: { waitUntil: (work: Promise<unknown>) => void; signal?: AbortSignal; requestMeta?: RequestMeta },
) => Promise<Response>;

export type Entries = Readonly<{
  call(entry: Entry, request: IncomingMessage, response: ServerResponse, meta: RequestMeta, url: URL): Promise<void>;
  /** Calls middleware and returns its Response, whatever its runtime. */
  callWeb(entry: Entry, request: Request, meta: RequestMeta, signal: AbortSignal): Promise<Response>;
}>;

export function createEntries(files: FunctionFiles, waitUntil: (work: Promise<unknown>) => void): Entries {
  const loaded = new Map<string, Promise<(...args: never[]) => unknown>>();

  const load = (entry: Entry): Promise<(...args: never[]) => unknown> => {
    const known = loaded.get(entry.filePath);
    if (known !== undefined) return known;
    const loading = importHandler(files, entry);
    loaded.set(entry.filePath, loading);
    loading.catch(() => loaded.delete(entry.filePath)); // the next request retries
    return loading;
  };

  return {
    async call(entry, request, response, meta, url) {
      if (entry.runtime === 'edge') {
        const result = await runOnEdgeRuntime(files, entry, request, url, waitUntil, abortOf(response));
        await sendWebResponse(result, response);
        return;
      }
      const handler = (await load(entry)) as unknown as NodeHandler;
      await handler(request, response, { waitUntil, requestMeta: meta });
    },
    async callWeb(entry, request, meta, signal) {
      if (entry.runtime === 'edge')
        return runOnEdgeRuntime(files, entry, request, new URL(request.url), waitUntil, signal);
      const handler = (await load(entry)) as unknown as WebHandler;
      return handler(request, { waitUntil, signal, requestMeta: meta });
    },
  };
}

async function importHandler({ root, require }: FunctionFiles, entry: Entry): Promise<(...args: never[]) => unknown> {
  const path = join(root, entry.filePath);
  let module: unknown;
  try {
    module = require(path);
  } catch (cause) {
    if (!(isRecord(cause) && cause['code'] === 'ERR_REQUIRE_ESM') && !(cause instanceof SyntaxError)) throw cause;
    const done = pauseHeapGrowing();
    module = await import(pathToFileURL(path).href).finally(done);
  }
  module = await module; // an entry point with top-level await
  for (const candidate of [module, isRecord(module) ? module['default'] : undefined]) {
    const handler = isRecord(candidate) ? await candidate['handler'] : undefined;
    if (typeof handler === 'function') return handler as (...args: never[]) => unknown;
  }
  throw new Error(`The built entry point ${entry.filePath} has no handler`);
}

/** Returns a signal that aborts when the client disconnects before its response is complete. */
export function abortOf(response: ServerResponse): AbortSignal {
  const controller = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) controller.abort(new Error('The client closed the connection'));
  });
  return controller.signal;
}

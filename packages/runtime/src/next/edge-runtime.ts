/** Entry points with `runtime = 'edge'`, in the sandbox that Next itself ships for them. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { isRecord } from '../process/environment.ts';
import type { Entry, FunctionFiles } from '../routing/description.ts';

const BODYLESS = new Set(['GET', 'HEAD']);

export async function runOnEdgeRuntime(
  files: FunctionFiles,
  entry: Entry,
  request: IncomingMessage | Request,
  url: URL,
  waitUntil: (work: Promise<unknown>) => void,
  signal: AbortSignal,
): Promise<Response> {
  const { edge } = entry;
  if (edge === undefined) throw new Error(`The edge entry point ${entry.pathname} is not described`);
  const sandbox: unknown = files.require('next/dist/server/web/sandbox');
  if (!isRecord(sandbox) || typeof sandbox['run'] !== 'function')
    throw new Error('This version of Next has no edge sandbox');
  const { config } = files.description;
  const method = request.method ?? 'GET';
  const relativeToDist = (path: string): string => path.slice(files.description.distDir.length + 1);
  const result: unknown = await sandbox['run']({
    distDir: files.distDir,
    name: edge.entryKey.replace(/^middleware_/, ''),
    paths: edge.paths.map((path) => join(files.root, path)),
    edgeFunctionEntry: {
      assets: edge.assets.map(({ name, filePath }) => ({ name, filePath: relativeToDist(filePath) })),
      wasm: edge.wasm.map(({ name, filePath }) => ({ name, filePath: join(files.root, filePath) })),
      env: edge.env,
    },
    useCache: true,
    clientAssetToken: '',
    incrementalCache: Reflect.get(globalThis, '__incrementalCache'),
    request: {
      url: url.toString(),
      method,
      signal,
      waitUntil,
      headers: request instanceof Request ? Object.fromEntries(request.headers) : request.headers,
      nextConfig: { basePath: config.basePath, i18n: config.i18n, trailingSlash: config.trailingSlash },
      page: { name: entry.pathname },
      body: BODYLESS.has(method)
        ? undefined
        : cloneable(request instanceof Request ? request.body : Readable.toWeb(request)),
    },
  });
  if (!isRecord(result) || !isResponse(result['response']))
    throw new Error(`The edge entry point ${entry.pathname} gave no response`);
  if (result['waitUntil'] instanceof Promise) waitUntil(result['waitUntil']);
  return result['response'];
}

/** Wraps a body for the sandbox, which requires a copy of it; it is the only reader. */
const cloneable = (body: unknown) => ({ cloneBodyStream: () => body, finalize: () => Promise.resolve() });

const isResponse = (value: unknown): value is Response =>
  isRecord(value) && typeof value['status'] === 'number' && 'headers' in value;

/** Writes a Response as it comes, without buffering. Headers that were set before stay, but for equal names. */
export async function sendWebResponse(sent: Response, response: ServerResponse): Promise<void> {
  response.statusCode = sent.status;
  if (sent.statusText !== '') response.statusMessage = sent.statusText;
  sent.headers.forEach((value, name) => {
    if (name !== 'set-cookie' && name !== 'x-middleware-set-cookie') response.setHeader(name, value);
  });
  for (const cookie of sent.headers.getSetCookie()) response.appendHeader('set-cookie', cookie);
  await sendWebBody(sent, response);
}

/** Writes its body alone; status and headers are set already. */
export async function sendWebBody(sent: Response, response: ServerResponse): Promise<void> {
  if (sent.body === null || response.req.method === 'HEAD') {
    response.end();
    return;
  }
  try {
    await pipeline(Readable.fromWeb(sent.body as Parameters<typeof Readable.fromWeb>[0]), response);
  } catch (cause) {
    if (!response.destroyed) throw cause; // otherwise the client went away
  }
}

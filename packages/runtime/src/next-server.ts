/**
 * The function of a Next app: `node next-server.js <tree>/.anchor/function.json` with ANCHOR_SOCKET (where to listen) and
 * ANCHOR_CACHE (what all processes of the deployment share). Calls Next's built entry points itself, which starts in
 * less than half the time of `next start` and answers twice as many requests.
 *
 * Between edge and function: the edge sends Host, x-forwarded-for/-proto/-host and x-request-id, and has removed every
 * internal header that came from outside. An answer with `x-anchor-serve: <path>` has no body: the edge serves its file of
 * that path (percent-encoded) with the answer's status and other headers.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { createServer } from 'node:http';
import * as nodeModule from 'node:module';
import { join } from 'node:path';
import { AppRequest } from './app-request.ts';
import { AppResponse } from './app-response.ts';
import { environment } from './environment.ts';
import { createInFlight } from './in-flight.ts';
import { listenOnSocket, drainOnTerm } from './listen.ts';
import { loadAhead } from './next-ahead.ts';
import { createApplication, type Application } from './next-application.ts';
import { loadFunction } from './next-description.ts';
import { prepareEnvironment } from './next-environment.ts';
import { keepMoreOldObjects } from './old-objects.ts';
import { inRequest, prefixOutput } from './request-log.ts';
import { restful } from './rest.ts';

const descriptionPath = process.argv[2];
const socket = environment['ANCHOR_SOCKET'];
const cacheDir = environment['ANCHOR_CACHE'];
if (descriptionPath === undefined || socket === undefined) {
  console.error('Usage: ANCHOR_SOCKET=<path> node next-server.js <tree>/.anchor/function.json');
  process.exit(2);
}

if (cacheDir !== undefined && 'enableCompileCache' in nodeModule) nodeModule.enableCompileCache(join(cacheDir, 'compile'));
prefixOutput();
process.on('unhandledRejection', (cause) => console.error(cause));
process.on('uncaughtException', (cause) => console.error(cause));

const rest = restful();
const inFlight = createInFlight(() => rest.from(REST_MS));
let start: (application: Application) => void = () => {};
const application = new Promise<Application>((resolve) => {
  start = resolve;
});

/** How long a start waits for the request that it was made for, before it takes itself for one that is to be ready for later. */
const QUIET_MS = 100;
/** From the first answer until what was compiled for it is kept for later starts: functions that only a request runs are among it then. */
const KEEP_MS = 1_000;
/** Without a request for so long a process is at rest; one that waits for its first has only its start to clear up after. */
const REST_MS = 30_000;
const WAITING_REST_MS = 2_000;
let asked = false;
let loopback: Promise<void> | undefined;
/** What is started so belongs to no request, whoever was the first to need it. */
const outside = AsyncLocalStorage.snapshot();

const server = createServer({ IncomingMessage: AppRequest, ServerResponse: AppResponse, requestTimeout: 0, keepAliveTimeout: 75_000, noDelay: true }, answer);

function answer(request: AppRequest, response: AppResponse): void {
  rest.over();
  const done = inFlight.begin();
  response.once('close', done);
  if (!asked) response.once('close', keepCompiled);
  asked = true;
  // An answer may come before all of a body has, such as one that it is too large: were the connection closed then, as the
  // edge asks, the edge would fail to write the rest and never read the answer. It closes when it has that.
  if (request.headers['content-length'] !== undefined || request.headers['transfer-encoding'] !== undefined) {
    response.shouldKeepAlive = true;
    response.once('finish', () => {
      if (!request.complete) request.resume();
    });
  }
  if (inFlight.draining) response.setHeader('connection', 'close');
  inRequest(request, response, () => application.then((app) => serve(app, request, response)).catch((cause: unknown) => {
    console.error(cause);
    response.destroy();
  }));
}

async function serve({ handle }: Application, request: AppRequest, response: AppResponse): Promise<void> {
  if (files.description.hasActions && request.method !== 'GET' && request.method !== 'HEAD') await (loopback ??= outside(offerLoopback));
  return handle(request, response);
}

// Listening comes first: a request that arrives while Next loads waits in the socket instead of being refused.
await listenOnSocket(server, socket);
const files = loadFunction(descriptionPath);
// Before the first module that has one is loaded: Next then names places of the source when it prints an error.
if (files.description.config.serverSourceMaps === true) process.setSourceMapsEnabled(true);
prepareEnvironment(files, cacheDir);
drainOnTerm(server, inFlight);
// Entry points of the edge runtime know the environment as it is when they are loaded.
if (files.description.hasActions && files.description.entries.some(({ runtime }) => runtime === 'edge')) await (loopback = offerLoopback());
start(createApplication(files, cacheDir, inFlight));
setTimeout(() => {
  if (asked) return;
  loadAhead(files);
  rest.from(WAITING_REST_MS);
}, QUIET_MS).unref();

function keepCompiled(): void {
  setTimeout(() => {
    if ('flushCompileCache' in nodeModule) nodeModule.flushCompileCache();
    keepMoreOldObjects();
  }, KEEP_MS).unref();
}

/**
 * Server actions that redirect, or that another route owns, make Next ask itself over HTTP: give it an address that
 * answers. With the first request that may be an action: Node compiles what IPv6 addresses look like for it, 4 ms of a start.
 */
async function offerLoopback(): Promise<void> {
  const own = createServer({ IncomingMessage: AppRequest, ServerResponse: AppResponse }, answer);
  await new Promise<void>((resolve) => {
    own.once('error', () => resolve()); // no loopback device: Next then lets the browser follow the redirect
    own.listen(0, '127.0.0.1', resolve);
  });
  const address = own.address();
  own.unref();
  if (address !== null && typeof address === 'object') environment['__NEXT_PRIVATE_ORIGIN'] = `http://127.0.0.1:${address.port}`;
}

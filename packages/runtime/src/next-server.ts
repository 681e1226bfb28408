/**
 * The function of a Next app: `node next-server.js <tree>/.anchor/function.json` with ANCHOR_SOCKET (where to listen)
 * and ANCHOR_CACHE (what all processes of the deployment share). Calls Next's built entry points itself, which starts
 * in less than half the time of `next start` and serves twice as many requests per second.
 *
 * Between edge and function: the edge sends Host, x-forwarded-for/-proto/-host and x-request-id, and has removed every
 * internal header that came from outside. A response with `x-anchor-serve: <path>` has no body: the edge serves its
 * file of that path (percent-encoded) with the response's status and other headers.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { createServer } from 'node:http';
import { subscribe } from 'node:diagnostics_channel';
import * as nodeModule from 'node:module';
import { join } from 'node:path';
import { AppRequest } from './process/app-request.ts';
import { AppResponse } from './process/app-response.ts';
import { environment } from './process/environment.ts';
import { createInFlight } from './process/in-flight.ts';
import { listenOnSocket, drainOnTerm } from './process/listen.ts';
import { ownPorts, LoopbackListeners } from './process/loopback-listeners.ts';
import { preloadNextRuntime } from './next/preload-next.ts';
import { Application } from './next/application.ts';
import { loadFunction } from './routing/description.ts';
import { prepareEnvironment } from './next/prepare-environment.ts';
import { raiseHeapGrowing } from './process/heap-growing.ts';
import { serveOwnAddresses } from './process/own-addresses.ts';
import { recordOwnExit } from './process/own-exit.ts';
import { inRequest, prefixOutput } from './process/request-log.ts';
import { createIdleGc } from './process/idle-gc.ts';

const descriptionPath = process.argv[2];
const socket = environment['ANCHOR_SOCKET'];
const cacheDir = environment['ANCHOR_CACHE'];
if (descriptionPath === undefined || socket === undefined) {
  console.error('Usage: ANCHOR_SOCKET=<path> node next-server.js <tree>/.anchor/function.json');
  process.exit(2);
}

if (cacheDir !== undefined && 'enableCompileCache' in nodeModule)
  nodeModule.enableCompileCache(join(cacheDir, 'compile'));
prefixOutput();
recordOwnExit(socket);
process.on('unhandledRejection', (cause) => console.error(cause));
process.on('uncaughtException', (cause) => console.error(cause));

const rest = createIdleGc();
const inFlight = createInFlight(() => rest.from(REST_MS));
let start: (application: Application) => void = () => {};
const application = new Promise<Application>((resolve) => {
  start = resolve;
});

/** How long a start waits for its request before the process counts as prewarmed (ms). */
const QUIET_MS = 100;
/**
 * Time from the first response until the compiled code is stored for later starts. By then it includes functions that
 * only a request runs.
 */
const KEEP_MS = 1_000;
/** A process is idle after this time without a request. One without any request yet has only its start to clean up. */
const REST_MS = 30_000;
const PREWARMED_REST_MS = 2_000;
let requested = false;
let loopback: Promise<void> | undefined;
/** Work started here belongs to no request, whichever request needed it first. */
const outside = AsyncLocalStorage.snapshot();

// What `next start` sets, and what apps that send requests to themselves read.
environment['PORT'] ??= '3000';
const ownAddresses = serveOwnAddresses(socket, Number(environment['PORT']));

const server = createServer(
  {
    IncomingMessage: AppRequest,
    ServerResponse: AppResponse,
    requestTimeout: 0,
    keepAliveTimeout: 75_000,
    noDelay: true,
  },
  (request: AppRequest, response: AppResponse) => {
    // Only the edge sets a request id, and a host that has this deployment.
    if (request.headers['x-request-id'] !== undefined)
      ownAddresses.learn(request.headers.host, firstOf(request.headers['x-forwarded-proto']));
    handle(request, response);
  },
);

/**
 * Lets programs that the app starts (a browser that prints pages) reach it at `http://localhost:$PORT` and its own
 * address. Opened for the first of them, or after the first response: a start does not wait for it.
 */
const listeners = new LoopbackListeners();
const listenOnLoopback = (): void =>
  listeners.open([Number(environment['PORT']), ...ownPorts()], (connection) => server.emit('connection', connection));
subscribe('child_process', listenOnLoopback);

function handle(request: AppRequest, response: AppResponse): void {
  rest.over();
  const done = inFlight.begin();
  response.once('close', done);
  if (!requested) response.once('close', keepCompiled);
  requested = true;
  // A response may start before the whole body has arrived, for example to reject a large one. If the connection closed
  // then, as the edge requests, the edge would fail to write the rest and never read the response. It closes once the
  // body is complete.
  if (request.headers['content-length'] !== undefined || request.headers['transfer-encoding'] !== undefined) {
    response.shouldKeepAlive = true;
    response.once('finish', () => {
      if (!request.complete) request.resume();
    });
  }
  if (inFlight.draining) response.setHeader('connection', 'close');
  inRequest(request, response, () =>
    application
      .then((app) => serve(app, request, response))
      .catch((cause: unknown) => {
        console.error(cause);
        response.destroy();
      }),
  );
}

const firstOf = (header: string | string[] | undefined): string | undefined =>
  (Array.isArray(header) ? header[0] : header)?.split(',')[0]?.trim();

async function serve(application: Application, request: AppRequest, response: AppResponse): Promise<void> {
  if (files.description.hasActions && request.method !== 'GET' && request.method !== 'HEAD')
    await (loopback ??= outside(offerLoopback));
  return application.handle(request, response);
}

// Listening comes first: a request that arrives while Next loads waits in the socket instead of being refused.
await listenOnSocket(server, socket);
const files = loadFunction(descriptionPath);
// Before the first module that has one is loaded: Next then names places of the source when it prints an error.
if (files.description.config.serverSourceMaps === true) process.setSourceMapsEnabled(true);
prepareEnvironment(files, cacheDir);
drainOnTerm(server, inFlight);
// Entry points of the edge runtime know the environment as it is when they are loaded.
if (files.description.hasActions && files.description.entries.some(({ runtime }) => runtime === 'edge'))
  await (loopback = offerLoopback());
start(new Application(files, cacheDir, inFlight));
setTimeout(() => {
  if (requested) return;
  preloadNextRuntime(files);
  rest.from(PREWARMED_REST_MS);
}, QUIET_MS).unref();

function keepCompiled(): void {
  setTimeout(() => {
    listenOnLoopback();
    if ('flushCompileCache' in nodeModule) nodeModule.flushCompileCache();
    if (environment['ANCHOR_HEAP_GROWING'] !== 'off') raiseHeapGrowing();
  }, KEEP_MS).unref();
}

/**
 * Gives Next an address that responds: server actions that redirect, or that another route owns, make it send a request
 * to itself over HTTP. This waits for the first request that may be an action, because Node compiles its IPv6 address
 * parser for it, 4 ms of a start.
 */
async function offerLoopback(): Promise<void> {
  const own = createServer(
    { IncomingMessage: AppRequest, ServerResponse: AppResponse },
    (request: AppRequest, response: AppResponse) => {
      // An action that is forwarded here still belongs to the client, whose request named its own host.
      const requestedHost = request.headers['x-forwarded-host'];
      if (typeof requestedHost === 'string') request.headers.host = requestedHost;
      handle(request, response);
    },
  );
  await new Promise<void>((resolve) => {
    own.once('error', () => resolve()); // no loopback device: Next then lets the browser follow the redirect
    own.listen(0, '127.0.0.1', resolve);
  });
  const address = own.address();
  own.unref();
  if (address !== null && typeof address === 'object')
    environment['__NEXT_PRIVATE_ORIGIN'] = `http://127.0.0.1:${address.port}`;
}

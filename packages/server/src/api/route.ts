import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { HttpBindings } from '@hono/node-server';
import type { Context as HonoContext } from 'hono';
import type { Endpoint } from '@anchor/client/endpoints/endpoint.ts';
import { anchorError, ok, type Result } from '@anchor/core/result/result.ts';
import { callerOf, originOf, type Proven } from '../http/caller.ts';
import { checkSameOrigin } from '../http/same-origin.ts';
import { problemHeaders, problemOf, type HttpError } from '../http/problem.ts';
import { SECURITY_HEADERS } from '../http/headers.ts';
import type { ServerContext } from '../context.ts';
import { callerId, type Caller } from '@anchor/core/people/caller.ts';
import { actorOf, audited, changesSomething, recordRefusal, type AuditedRequest } from './audited.ts';
import { authorize, type Authorized } from './authorize.ts';
import { readJson } from './body.ts';
import { eventStream } from './event-stream.ts';
import type { EncodedEvents, Sent } from './handler.ts';
import { checkHost } from './host.ts';
import { claimKey } from './idempotency.ts';
import { queryDecoder } from './query.ts';
import { validate } from './validate.ts';

/** A handler whose types were checked against its endpoint where it was written (HandlersOf). */
export type AnyHandler = (request: Readonly<Record<string, unknown>>) => Promise<Result<unknown, HttpError>>;
export type Context = HonoContext<{ Bindings: HttpBindings }>;
type PlainResponse = Readonly<{ status: number; type: string; body: string; retryAfterSeconds?: number }>;

/** Of one parameter of a path, in the audit log. */
const MAX_PARAM_CHARS = 300;

/** Serves one endpoint: token, resources, validation, idempotency, handler, response. */
export function route(
  server: ServerContext,
  name: string,
  endpoint: Endpoint,
  handler: AnyHandler,
): (context: Context) => Promise<Response> {
  const decodeQuery = endpoint.query === undefined ? undefined : queryDecoder(endpoint.query);
  return async (context) => {
    const requestId = randomUUID();
    try {
      const { incoming } = context.env;
      const named = checkHost(incoming.headers.host, server.settings.hosts);
      if (!named.ok) return problem(named.error, requestId);
      const proven = await prove(server, endpoint, incoming);
      if (!proven.ok) return problem(proven.error, requestId);
      const caller = proven.value?.caller;
      const path = context.req.param();
      const change = { action: name, actor: actorOf(caller), params: targetOf(endpoint, path), requestId, incoming };
      // No page of another origin has a bearer token; a cookie goes with its requests, and a sign-in needs neither.
      const byCookie = proven.value?.cookie !== undefined;
      const checked = changesSomething(endpoint) && (byCookie || caller === undefined);
      const allowed = checked ? checkSameOrigin(incoming, byCookie) : ok(undefined);
      const authorized = allowed.ok
        ? await authorize(server.ports, endpoint, caller, path, context.req.query())
        : allowed;
      if (!authorized.ok) {
        if (caller !== undefined && changesSomething(endpoint) && server.rateLimits.recordsRefusal(callerId(caller)))
          await recordRefusal(server, { ...change, resources: {} }, authorized.error.code);
        return problem(authorized.error, requestId);
      }
      const { resources } = authorized.value;
      const recorded = changesSomething(endpoint)
        ? recordedHandler(server, { ...change, resources }, caller, handler)
        : handler;
      const cookies: string[] = [];
      const setCookie = (value: string): void => void cookies.push(value);
      const call = { ...authorized.value, caller, requestId, setCookie };
      const response = await run(server, endpoint, recorded, decodeQuery, context, call);
      // A cookie of the handler wins: it has signed in or out.
      if (cookies.length === 0 && proven.value?.renewed === true && proven.value.cookie !== undefined)
        cookies.push(server.cookie.set(incoming, proven.value.cookie));
      for (const value of cookies) response.headers.append('set-cookie', value);
      return response;
    } catch (error) {
      if (!context.req.raw.signal.aborted)
        server.log({
          level: 'error',
          message: 'a request failed',
          requestId,
          method: endpoint.method,
          path: endpoint.path,
          error: error instanceof Error ? error.stack : String(error),
        });
      return problem(
        anchorError(
          'internal',
          'Internal error of the platform',
          `Retry; if it fails again, search the server log for ${requestId}.`,
        ),
        requestId,
      );
    }
  };
}

/**
 * Returns a handler whose requests land in the audit log. Without a caller (a sign-in), an address is limited before
 * that: otherwise a stranger could fill the disk with entries.
 */
function recordedHandler(
  server: ServerContext,
  change: AuditedRequest,
  caller: Caller | undefined,
  handler: AnyHandler,
): AnyHandler {
  return async (request) => {
    const allowed = caller === undefined ? server.rateLimits.signIn(originOf(change.incoming).address) : ok(undefined);
    return allowed.ok ? audited(server, change, (recording) => handler({ ...request, change: recording })) : allowed;
  };
}

/** Returns what the path named, in the order of the path, for the audit log. */
const targetOf = ({ path }: Endpoint, params: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(
    [...path.matchAll(/\{(\w+)\}/g)].map(([, key = '']) => [key, (params[key] ?? '').slice(0, MAX_PARAM_CHARS)]),
  );

/** Returns the caller; undefined where the endpoint needs none. */
async function prove(
  server: ServerContext,
  endpoint: Endpoint,
  incoming: IncomingMessage,
): Promise<Result<Proven | undefined, HttpError>> {
  if (endpoint.scope === 'none') return ok(undefined);
  const secret = incoming.headers.authorization ?? server.cookie.read(incoming);
  const proven = server.rateLimits.authenticated(
    { address: incoming.socket.remoteAddress, secret },
    await callerOf(server.ports, incoming, server.cookie),
  );
  if (proven.ok) server.access.by(incoming, proven.value.caller);
  return proven;
}

type Call = Authorized &
  Readonly<{ caller: Caller | undefined; requestId: string; setCookie: (value: string) => void }>;

async function run(
  server: ServerContext,
  endpoint: Endpoint,
  handler: AnyHandler,
  decodeQuery: ReturnType<typeof queryDecoder> | undefined,
  context: Context,
  { caller, role, resources, requestId, setCookie }: Call,
): Promise<Response> {
  const raw = context.req.raw;
  // A HEAD would start a stream without a reader.
  if (raw.method === 'HEAD' && endpoint.stream !== undefined)
    return problem(anchorError('unsupported', 'This endpoint does not support HEAD', 'Use GET.'), requestId);
  const url = new URL(context.req.url);
  const params = validate('path', endpoint.params, context.req.param());
  if (!params.ok) return problem(params.error, requestId);
  const query = validate('query', endpoint.query, decodeQuery?.(url.searchParams) ?? {});
  if (!query.ok) return problem(query.error, requestId);
  const json = endpoint.body === undefined ? undefined : await readJson(raw, server.settings.limits.jsonBytes);
  if (json?.ok === false) return problem(json.error, requestId);
  const body = validate('body', endpoint.body, json?.value.value);
  if (!body.ok) return problem(body.error, requestId);
  const ifMatch = /^(?:W\/)?"(\d{1,15})"$/.exec(context.req.header('if-match') ?? '')?.[1];
  const lastEventId = context.req.header('last-event-id');
  const request = {
    params: params.value,
    query: query.value,
    body: body.value,
    caller,
    role,
    from: originOf(context.env.incoming),
    incoming: context.env.incoming,
    setCookie,
    ...resources,
    ...(ifMatch === undefined ? {} : { ifMatch: Number(ifMatch) }),
    ...(lastEventId === undefined ? {} : { lastEventId }),
    ...(endpoint.stream === 'upload' ? { content: raw.body ?? new Blob([]).stream() } : {}),
    signal: AbortSignal.any([raw.signal, server.closing]),
  };
  if (endpoint.stream === 'events') {
    const open = server.rateLimits.openStream(
      caller === undefined ? '' : callerId(caller),
      resources.project?.id ?? resources.deployment?.projectId,
    );
    if (!open.ok) return problem(open.error, requestId);
    const events = await handler(request);
    if (!events.ok) open.value();
    return streamed(server, endpoint, events, requestId, open.value);
  }
  if (endpoint.stream !== undefined) return streamed(server, endpoint, await handler(request), requestId);

  const key = endpoint.method === 'POST' ? context.req.header('idempotency-key') : undefined;
  if (key === undefined || caller === undefined)
    return response(await once(endpoint, handler, request, requestId), requestId);
  return runOnce(server, endpoint, () => once(endpoint, handler, request, requestId), requestId, {
    key,
    callerId: callerId(caller),
    operation: `${endpoint.method} ${url.pathname}`,
    body: `${url.search}\n${json?.value.text ?? ''}`,
  });
}

/** Runs a request with an idempotency key, or returns the response that the key already has. */
async function runOnce(
  server: ServerContext,
  endpoint: Endpoint,
  work: () => Promise<PlainResponse>,
  requestId: string,
  keyed: Readonly<{ key: string; callerId: string; operation: string; body: string }>,
): Promise<Response> {
  const claim = await claimKey(server.ports, { ...keyed, sealed: endpoint.secretResponse === true });
  if (!claim.ok) return problem(claim.error, requestId);
  if (claim.value.kind === 'replay')
    return response(claim.value.response, requestId, { 'idempotency-replayed': 'true' });
  let sent: PlainResponse | undefined;
  try {
    sent = await work();
  } finally {
    // An error of the platform may be temporary: the same key may be retried.
    if (sent === undefined || sent.status >= 500) await claim.value.release();
    else await claim.value.finish(sent);
  }
  return response(sent, requestId);
}

async function once(
  endpoint: Endpoint,
  handler: AnyHandler,
  request: Readonly<Record<string, unknown>>,
  requestId: string,
): Promise<PlainResponse> {
  const result = await handler(request);
  if (result.ok)
    return {
      status: endpoint.status,
      type: 'application/json',
      body: endpoint.response === undefined ? '' : JSON.stringify(result.value),
    };
  const value = problemOf(result.error, requestId);
  const { retryAfterSeconds } = result.error;
  return {
    status: value.status,
    type: 'application/problem+json',
    body: JSON.stringify(value),
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
  };
}

function response(plain: PlainResponse, requestId: string, headers: Readonly<Record<string, string>> = {}): Response {
  const { retryAfterSeconds: wait } = plain;
  const retry = wait === undefined ? {} : { 'retry-after': String(wait) };
  const all = { ...SECURITY_HEADERS, 'x-request-id': requestId, ...retry, ...headers };
  return plain.status === 204
    ? new Response(null, { status: 204, headers: all })
    : new Response(plain.body, { status: plain.status, headers: { ...all, 'content-type': plain.type } });
}

export function problem(error: HttpError, requestId: string): Response {
  const value = problemOf(error, requestId);
  return new Response(JSON.stringify(value), {
    status: value.status,
    headers: { ...SECURITY_HEADERS, 'x-request-id': requestId, ...problemHeaders(error) },
  });
}

function streamed(
  server: ServerContext,
  endpoint: Endpoint,
  result: Result<unknown, HttpError>,
  requestId: string,
  ended?: () => void,
): Response {
  if (!result.ok) return problem(result.error, requestId);
  const headers = { ...SECURITY_HEADERS, 'x-request-id': requestId };
  if (endpoint.stream === 'upload')
    return new Response(JSON.stringify(result.value), {
      status: endpoint.status,
      headers: { ...headers, 'content-type': 'application/json' },
    });
  if (endpoint.stream === 'events') {
    const events = eventStream(
      result.value as AsyncIterable<Sent<{ type: string }> | EncodedEvents>,
      server.settings.limits.heartbeatMs,
      ended,
    );
    return new Response(events, {
      status: endpoint.status,
      headers: { ...headers, 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' },
    });
  }
  const failed = (error: unknown): void =>
    server.log({
      level: 'error',
      message: 'a download failed',
      requestId,
      error: error instanceof Error ? error.stack : String(error),
    });
  return new Response(byteStream(result.value as AsyncIterable<Uint8Array>, failed), {
    status: endpoint.status,
    headers: { ...headers, 'content-type': endpoint.mediaType ?? 'application/octet-stream' },
  });
}

/**
 * Streams bytes as fast as the client reads them. An error after the head can only cut the response off: `failed`
 * records it.
 */
function byteStream(bytes: AsyncIterable<Uint8Array>, failed: (error: unknown) => void): ReadableStream<Uint8Array> {
  const iterator = bytes[Symbol.asyncIterator]();
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const next = await iterator.next();
        if (next.done === true) controller.close();
        else controller.enqueue(next.value);
      } catch (error) {
        failed(error);
        throw error;
      }
    },
    async cancel() {
      await iterator.return?.();
    },
  });
}

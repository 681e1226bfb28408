import { Agent, request, type ClientRequest, type IncomingMessage } from 'node:http';
import type { DeploymentId } from '@anchor/core/names/id.ts';
import type { NodeExchange } from '../exchange.ts';
import { IDEMPOTENT } from '../http/methods.ts';
import type { Problem } from '../pages/error-page.ts';
import { functionGone, functionTimedOut, startFailed, startTimedOut, tooLarge, visitorTimedOut } from '../pages/problems.ts';
import type { EdgeSettings } from '../settings.ts';
import type { FunctionPools, Lease } from './pools.ts';
import type { Keeper } from '../cache/keep.ts';
import { reloadsOldTab } from './old-tab.ts';
import { waitAsLongAs } from './patience.ts';
import { requestHeaders } from './request-headers.ts';
import { responseHeaders } from './response-headers.ts';

export type ProxyDeps = Readonly<{
  pools: FunctionPools;
  settings: EdgeSettings;
  problem(exchange: NodeExchange, problem: Problem, headers?: readonly string[]): void;
  /** Serves a file of the deployment in place of the function's body; `headers` are the function's own, flat. */
  serveFile(exchange: NodeExchange, path: string, status: number, headers: readonly string[]): void;
  /** Takes along what passes, where the edge may give it to others. */
  keeper?(status: number, rawHeaders: readonly string[]): Keeper | undefined;
  finished(exchange: NodeExchange): void;
}>;

/** `ownId`: what the app calls this deployment, if it chose a name for it. `believed`: the function's `x-anchor-…` headers hold. */
export type Job = Readonly<{ exchange: NodeExchange; deploymentId: DeploymentId; ownId?: string | undefined; believed: boolean; path: string; tokens: ReadonlySet<string> }>;

const MAX_TRIES = 3;
/** Frameworks write long Link and Set-Cookie headers; more than Node's own 16 KB. */
const MAX_ANSWER_HEAD = 128 * 1024;
const CONTINUE_AFTER_MS = 1000;
/** A connection of its own for what must not be sent twice, bodies among it: an idle one may be closing while we write to it. */
const fresh = new Agent({ keepAlive: false });

/** Sends a request to a function and its answer to the visitor, both streamed. */
export async function proxy(deps: ProxyDeps, job: Job): Promise<void> {
  const { exchange } = job;
  const { settings, pools } = deps;
  const length = Number(exchange.req.headers['content-length'] ?? 0);
  if (length > settings.maxBodyBytes) return deps.problem(exchange, tooLarge(settings.maxBodyBytes), ['connection', 'close']);
  const until = performance.now() + settings.startMs;
  for (let tries = 1; ; tries++) {
    let lease = pools.take(job.deploymentId);
    if (lease === undefined) {
      const acquired = await pools.acquire(job.deploymentId, until - performance.now());
      if (!acquired.ok) {
        if (exchange.res.destroyed) return deps.finished(exchange);
        return deps.problem(exchange, acquired.error === 'timeout' ? startTimedOut(Math.round(settings.startMs / 1000)) : startFailed(acquired.error), ['retry-after', '5']);
      }
      lease = acquired.value;
    }
    if (exchange.res.destroyed) {
      lease.release();
      return deps.finished(exchange);
    }
    const outcome = await attempt(deps, job, lease, tries < MAX_TRIES);
    if (outcome === 'done') return;
  }
}

function attempt(deps: ProxyDeps, job: Job, lease: Lease, mayRetry: boolean): Promise<'done' | 'retry'> {
  return new Promise((resolve) => {
    const { exchange, tokens } = job;
    const { req, res } = exchange;
    const { settings } = deps;
    const method = req.method ?? 'GET';
    const declared = req.headers['content-length'];
    const chunked = req.headers['transfer-encoding'] !== undefined;
    const hasBody = chunked || (declared !== undefined && declared !== '0');
    const extra: string[] = [];
    if (chunked) extra.push('transfer-encoding', 'chunked');
    else if (declared !== undefined) extra.push('content-length', declared);
    if (chunked && req.headers.trailer !== undefined) extra.push('trailer', req.headers.trailer);
    if (exchange.expectsContinue && hasBody) extra.push('expect', '100-continue');

    let settled = false;
    let connected = false;
    let bodyTouched = false;
    let answered = false;
    let timedOut = false;
    let upRes: IncomingMessage | undefined;
    let keeper: Keeper | undefined;
    let upReq: ClientRequest;
    const late = (): void => {
      timedOut = true;
      upReq.destroy();
    };
    let timer = setTimeout(late, lease.timeoutMs);
    let awaited: 'function' | 'visitor' = 'function';
    /** The project's limit is for its function: it does not run while the visitor has yet to send something. */
    const awaits = (whom: typeof awaited): void => {
      if (settled) return;
      if (whom === awaited) return void timer.refresh();
      awaited = whom;
      clearTimeout(timer);
      timer = setTimeout(late, answered || whom === 'visitor' ? settings.idleMs : lease.timeoutMs);
    };
    waitAsLongAs({ timeoutMs: hasBody ? Math.max(lease.timeoutMs, settings.idleMs) : lease.timeoutMs }, res, settings);
    let continueTimer: NodeJS.Timeout | undefined;

    const settle = (outcome: 'done' | 'retry'): void => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      clearTimeout(continueTimer);
      res.removeListener('close', onClientClose);
      res.removeListener('drain', onDrain);
      lease.release();
      keeper?.drop();
      if (outcome === 'done') deps.finished(exchange);
      resolve(outcome);
    };
    const onClientClose = (): void => {
      if (!res.writableFinished) upReq.destroy();
      settle('done');
    };
    const onDrain = (): void => {
      if (settled) return;
      timer.refresh();
      upRes?.resume();
    };

    try {
      upReq = request({
        socketPath: lease.instance.path,
        agent: IDEMPOTENT.has(method) && !hasBody ? lease.instance.agent : fresh,
        method,
        path: job.path,
        headers: requestHeaders(exchange, tokens, extra),
        setHost: false,
        maxHeaderSize: MAX_ANSWER_HEAD,
      });
    } catch (error) {
      clearTimeout(timer);
      lease.release();
      deps.problem(exchange, functionGone(error instanceof Error ? error.message : 'the request could not be written'));
      resolve('done');
      return;
    }
    res.on('close', onClientClose);

    const fail = (error: Error & { code?: string }): void => {
      if (settled) return;
      if (res.destroyed) return settle('done');
      if (answered) {
        // The visitor must see that the answer is not whole.
        res.destroy();
        return settle('done');
      }
      if (!connected) lease.broken();
      const untouched = !connected || (!bodyTouched && IDEMPOTENT.has(method));
      if (!timedOut && mayRetry && untouched && !bodyTouched) {
        if (connected && !upReq.reusedSocket) lease.broken();
        return settle('retry');
      }
      if (timedOut && awaited === 'visitor') deps.problem(exchange, visitorTimedOut(settings.idleMs), ['connection', 'close']);
      else deps.problem(exchange, timedOut ? functionTimedOut(lease.timeoutMs) : functionGone(error.code ?? error.message));
      settle('done');
    };
    upReq.on('error', fail);
    upReq.on('information', (info) => {
      if (info.statusCode <= 101 || res.headersSent || exchange.req.httpVersionMinor === 0) return;
      try {
        res.writeInformation(info.statusCode, info.rawHeaders);
      } catch {
        // A hint that can not be written is no reason to lose the answer.
      }
    });

    // Nobody asked for another protocol.
    upReq.on('upgrade', (_, socket) => {
      socket.destroy();
      bodyTouched = true;
      fail(new Error('it switched protocols'));
    });
    upReq.on('response', (answer) => {
      answered = true;
      upRes = answer;
      clearTimeout(timer);
      timer = setTimeout(late, settings.idleMs);
      const status = answer.statusCode ?? 502;
      const hasChunks = answer.headers['transfer-encoding'] !== undefined && method !== 'HEAD' && status !== 204 && status !== 304;
      const head = responseHeaders(exchange, answer.rawHeaders, answer.headers.connection, hasChunks, job.believed);
      exchange.cache = head.cache;
      if (head.serve !== undefined && status >= 200) {
        answer.resume();
        answer.on('error', () => undefined);
        settleQuietly();
        return deps.serveFile(exchange, head.serve, status, head.headers);
      }
      keeper = deps.keeper?.(status, answer.rawHeaders);
      let written = false;
      try {
        const reload = reloadsOldTab(exchange, job.ownId, status, head.headers);
        if (reload === undefined) res.writeHead(status, answer.statusMessage ?? '', head.headers);
        else res.writeHead(reload.status, reload.headers);
      } catch (error) {
        upReq.destroy();
        answered = false;
        bodyTouched = true;
        return fail(error instanceof Error ? error : new Error('bad answer'));
      }
      answer.on('data', (chunk: Buffer) => {
        if (settled) return;
        written = true;
        exchange.bytes += chunk.length;
        keeper?.chunk(chunk);
        timer.refresh();
        if (!res.write(chunk)) answer.pause();
      });
      res.on('drain', onDrain);
      answer.on('end', () => {
        if (answer.complete) {
          keeper?.end();
          lease.served();
        }
        if (answer.rawTrailers.length > 0) res.addTrailers(pairs(answer.rawTrailers));
        res.end();
        settle('done');
        if (!upReq.writableEnded) upReq.destroy();
        // The rest of a body that nobody reads any more must not keep the connection.
        if (!req.complete) setTimeout(() => { if (!req.complete) req.destroy(); }, CONTINUE_AFTER_MS).unref();
      });
      answer.on('error', fail);
      answer.on('aborted', () => fail(new Error('aborted')));
      // Streams that begin with silence (SSE) still show their head at once.
      setImmediate(() => {
        if (!written && !settled && !res.writableEnded) res.flushHeaders();
      });
    });
    const settleQuietly = (): void => {
      settled = true;
      clearTimeout(timer);
      clearTimeout(continueTimer);
      res.removeListener('close', onClientClose);
      lease.release();
      resolve('done');
    };

    const sendBody = (): void => {
      if (bodyTouched || settled) return;
      bodyTouched = true;
      clearTimeout(continueTimer);
      if (exchange.expectsContinue && !res.headersSent) res.writeContinue();
      awaits('visitor');
      let count = 0;
      req.on('data', (chunk: Buffer) => {
        if (settled) return;
        count += chunk.length;
        if (count > settings.maxBodyBytes) {
          upReq.destroy();
          if (!answered) {
            deps.problem(exchange, tooLarge(settings.maxBodyBytes), ['connection', 'close']);
            settle('done');
          } else res.destroy();
          return;
        }
        if (upReq.write(chunk)) return awaits('visitor');
        awaits('function');
        req.pause();
      });
      upReq.on('drain', () => {
        awaits('visitor');
        req.resume();
      });
      req.on('end', () => {
        if (req.rawTrailers.length > 0) upReq.addTrailers(pairs(req.rawTrailers));
        awaits('function');
        upReq.end();
      });
      req.on('error', () => upReq.destroy());
    };

    upReq.on('socket', (socket) => {
      const ready = (): void => {
        connected = true;
        if (!hasBody) return;
        if (!exchange.expectsContinue) return sendBody();
        // A function that never says "continue" gets the body all the same, as any client would do.
        continueTimer = setTimeout(sendBody, CONTINUE_AFTER_MS);
      };
      if (socket.connecting) socket.once('connect', ready);
      else ready();
    });
    upReq.on('continue', sendBody);
    if (!hasBody) upReq.end();
  });
}

function pairs(flat: readonly string[]): [string, string][] {
  const out: [string, string][] = [];
  for (let i = 0; i < flat.length; i += 2) out.push([flat[i] ?? '', flat[i + 1] ?? '']);
  return out;
}

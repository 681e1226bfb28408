import type { Duplex } from 'node:stream';
import type { Clock } from '@anchor/core/ports/clock.ts';
import { CACHE_STATUS_HEADER, DEPLOYMENT_HEADER } from '@anchor/protocol/headers.ts';
import type { Exchange, RequestSocket } from '../http1/transport.ts';
import type { AccessEntry, AccessLogSink, CacheResult, AccessLogTemplate } from '../observability/access-log.ts';
import { RequestMetrics } from '../observability/request-metrics.ts';
import { isHopByHop, type Headers } from '../http/headers.ts';
import { renderProblem, type Problem } from '../error-pages/error-page.ts';
import type { SiteLogWriter } from '../observability/site-log.ts';
import type { UpstreamResponder } from '../upstream/dispatcher.ts';

/** Status in the log when the client left before a response (nginx's number for it). */
const CLIENT_LEFT = 499;

/** Writes the edge's own responses, and ends every request: counts it and writes its line of the access log. */
export class Responder implements UpstreamResponder {
  readonly counts: Record<CacheResult, number> = {
    STATIC: 0,
    HIT: 0,
    STALE: 0,
    MISS: 0,
    DYNAMIC: 0,
    REDIRECT: 0,
    ERROR: 0,
  };
  readonly metrics = new RequestMetrics();
  requests = 0;
  inflight = 0;
  readonly #clock: Clock;
  readonly #accessLog: AccessLogSink['accessLog'];
  readonly #accessLine: AccessLogSink['compileAccessLine'];
  readonly #siteLog: SiteLogWriter;
  #idle: (() => void) | undefined;

  constructor(
    { clock, accessLog, compileAccessLine }: AccessLogSink & Readonly<{ clock: Clock }>,
    notes: SiteLogWriter,
  ) {
    this.#clock = clock;
    this.#siteLog = notes;
    this.#accessLog = accessLog;
    this.#accessLine = compileAccessLine;
  }

  requestStarted(): void {
    this.requests++;
    this.inflight++;
  }

  /** Finishes an exchange. Idempotent. */
  requestFinished(exchange: Exchange, status = exchange.res.headersSent ? exchange.res.statusCode : CLIENT_LEFT): void {
    if (exchange.done) return;
    exchange.done = true;
    exchange.leave?.();
    this.inflight--;
    this.counts[exchange.cache]++;
    if (this.inflight === 0) this.#idle?.();
    const entry = this.#entryOf(exchange, status);
    this.metrics.add(entry);
    this.#accessLog?.(entry);
  }

  /** Compiles the log line of a response that may be repeated; `recordMemoHit` writes it. */
  compileLogLine(exchange: Exchange): AccessLogTemplate {
    const accessLog = this.#accessLog;
    const entry = this.#entryOf(exchange, exchange.res.statusCode);
    const count = this.metrics.repeated(entry);
    const write: AccessLogTemplate =
      accessLog === undefined
        ? NO_LOG_LINE
        : (this.#accessLine?.(entry) ?? ((at, requestId, ms, ip) => accessLog({ ...entry, at, requestId, ms, ip })));
    return (at, requestId, ms, ip) => {
      count(at, ms);
      write(at, requestId, ms, ip);
    };
  }

  /** Counts and logs a request that was started and finished at once. */
  recordMemoHit(cache: CacheResult, line: AccessLogTemplate, requestId: string, startedAt: number, ip: string): void {
    this.requests++;
    this.counts[cache]++;
    line(this.#clock.now(), requestId, performance.now() - startedAt, ip);
  }

  #entryOf(exchange: Exchange, status: number): AccessEntry {
    const { req } = exchange;
    return {
      at: this.#clock.now(),
      requestId: exchange.requestId,
      host: exchange.host,
      deploymentId: exchange.deploymentId,
      method: req.method ?? '',
      path: exchange.target?.path ?? (req.url ?? '').split('?', 1)[0] ?? '',
      status,
      bytes: exchange.bytes,
      ms: performance.now() - exchange.startedAt,
      cache: exchange.cache,
      userAgent: req.headers['user-agent'] ?? '',
      ip: exchange.ip,
    };
  }

  /** Resolves when nothing is in flight. */
  idle(): Promise<void> {
    return this.inflight === 0
      ? Promise.resolve()
      : new Promise((resolve) => {
          this.#idle = resolve;
        });
  }

  #logDetail({ deploymentId, requestId }: Exchange, { detail }: Problem): void {
    if (detail !== undefined && deploymentId !== undefined)
      this.#siteLog.write(deploymentId, requestId, 'error', detail);
  }

  problem = (exchange: Exchange, problem: Problem, headers: readonly string[] = []): void => {
    const { req, res } = exchange;
    exchange.cache = 'ERROR';
    this.#logDetail(exchange, problem);
    if (res.headersSent || res.destroyed) {
      res.destroy();
      return this.requestFinished(exchange);
    }
    const { type, body } = renderProblem(problem, exchange.requestId, req.headers.accept);
    const bytes = Buffer.from(body);
    exchange.bytes = req.method === 'HEAD' ? 0 : bytes.length;
    const head = [
      'content-type',
      type,
      'content-length',
      String(bytes.length),
      'cache-control',
      'no-store',
      'x-request-id',
      exchange.requestId,
      CACHE_STATUS_HEADER,
      'ERROR',
    ];
    if (exchange.deploymentId !== undefined) head.push(DEPLOYMENT_HEADER, exchange.deploymentId);
    res.writeHead(problem.status, head.concat(headers));
    if (req.method === 'HEAD') res.end();
    else res.end(bytes, 'latin1');
    // The rest of a rejected request body is not read.
    if (headers.includes('close') && !req.complete) res.once('finish', () => endSoon(req.socket));
    this.requestFinished(exchange);
  };

  /** Responds with a short text that nothing may store. */
  text = (exchange: Exchange, text: string): void => {
    const { req, res } = exchange;
    exchange.cache = 'STATIC';
    exchange.bytes = req.method === 'HEAD' ? 0 : text.length;
    res.writeHead(200, [
      'content-type',
      'text/plain',
      'content-length',
      String(text.length),
      'cache-control',
      'no-store',
      'x-request-id',
      exchange.requestId,
    ]);
    if (req.method === 'HEAD') res.end();
    else res.end(text, 'latin1');
    this.requestFinished(exchange);
  };

  redirect = (exchange: Exchange, status: number, location: string, headers: Headers): void => {
    exchange.cache = 'REDIRECT';
    const head = [
      'location',
      location,
      'content-length',
      '0',
      'x-request-id',
      exchange.requestId,
      CACHE_STATUS_HEADER,
      'REDIRECT',
    ];
    if (exchange.deploymentId !== undefined) head.push(DEPLOYMENT_HEADER, exchange.deploymentId);
    for (const [name, value] of headers) {
      if (name !== 'location' && name !== 'content-length' && !isHopByHop(name)) head.push(name, value);
    }
    exchange.res.writeHead(status, head);
    exchange.res.end();
    this.requestFinished(exchange);
  };

  /** Writes an error response to a WebSocket upgrade request. */
  refuse = (exchange: Exchange, socket: Duplex, problem: Problem): void => {
    exchange.cache = 'ERROR';
    this.#logDetail(exchange, problem);
    const { type, body } = renderProblem(problem, exchange.requestId, exchange.req.headers.accept);
    if (socket.writable) {
      socket.end(
        `HTTP/1.1 ${problem.status} ${problem.title}\r\nconnection: close\r\ncontent-type: ${type}\r\ncontent-length: ${Buffer.byteLength(body)}\r\nx-request-id: ${exchange.requestId}\r\n\r\n${body}`,
      );
    }
    this.requestFinished(exchange, problem.status);
  };
}

const NO_LOG_LINE: AccessLogTemplate = () => undefined;

const GRACE_MS = 1000;

/** Lets the response reach a client that is still sending, then closes the connection. */
function endSoon(socket: RequestSocket): void {
  setTimeout(() => socket.destroy(), GRACE_MS).unref();
}

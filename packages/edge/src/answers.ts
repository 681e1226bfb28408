import { randomUUID } from 'node:crypto';
import type { Duplex } from 'node:stream';
import type { Clock } from '@anchor/core/ports/clock.ts';
import type { EdgeOptions } from './edge.ts';
import type { AccessEntry, CacheResult, Exchange, RepeatedLine, RequestSocket } from './exchange.ts';
import { isHopByHop } from './http/headers.ts';
import { renderProblem, type Problem } from './pages/error-page.ts';
import type { Headers } from './routing/plan.ts';

/** What the log says when the client left before it was answered (nginx's number for it). */
const CLIENT_LEFT = 499;

/** The answers that are the edge's own, and the end of every answer: counted, and written to the access log. */
export class Answers {
  readonly counts: Record<CacheResult, number> = { STATIC: 0, HIT: 0, STALE: 0, MISS: 0, DYNAMIC: 0, REDIRECT: 0, ERROR: 0 };
  requests = 0;
  inflight = 0;
  readonly #clock: Clock;
  readonly #accessLog: EdgeOptions['accessLog'];
  readonly #accessLine: EdgeOptions['accessLine'];
  #idle: (() => void) | undefined;

  constructor({ clock, accessLog, accessLine }: Pick<EdgeOptions, 'clock' | 'accessLog' | 'accessLine'>) {
    this.#clock = clock;
    this.#accessLog = accessLog;
    this.#accessLine = accessLine;
  }

  begun(): void {
    this.requests++;
    this.inflight++;
  }

  /** Once an exchange; later calls do nothing. */
  finished(exchange: Exchange, status = exchange.res.headersSent ? exchange.res.statusCode : CLIENT_LEFT): void {
    if (exchange.done) return;
    exchange.done = true;
    this.inflight--;
    this.counts[exchange.cache]++;
    if (this.inflight === 0) this.#idle?.();
    this.#accessLog?.(this.#entryOf(exchange, status));
  }

  /** From now on `repeated` writes the line of an answer that is given as this one was, again. */
  lineOf(exchange: Exchange): RepeatedLine {
    const accessLog = this.#accessLog;
    if (accessLog === undefined) return NO_LINE;
    const entry = this.#entryOf(exchange, exchange.res.statusCode);
    return this.#accessLine?.(entry) ?? ((at, requestId, ms, ip) => accessLog({ ...entry, at, requestId, ms, ip }));
  }

  /** Begun and finished at once. */
  repeated(cache: CacheResult, line: RepeatedLine, requestId: string, startedAt: number, ip: string): void {
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
    return this.inflight === 0 ? Promise.resolve() : new Promise((resolve) => { this.#idle = resolve; });
  }

  problem = (exchange: Exchange, problem: Problem, headers: readonly string[] = []): void => {
    const { req, res } = exchange;
    exchange.cache = 'ERROR';
    if (res.headersSent || res.destroyed) {
      res.destroy();
      return this.finished(exchange);
    }
    const { type, body } = renderProblem(problem, exchange.requestId, req.headers.accept);
    const bytes = Buffer.from(body);
    exchange.bytes = req.method === 'HEAD' ? 0 : bytes.length;
    const head = ['content-type', type, 'content-length', String(bytes.length), 'cache-control', 'no-store', 'x-request-id', exchange.requestId, 'x-anchor-cache', 'ERROR'];
    if (exchange.deploymentId !== undefined) head.push('x-anchor-deployment', exchange.deploymentId);
    res.writeHead(problem.status, head.concat(headers));
    if (req.method === 'HEAD') res.end();
    else res.end(bytes, 'latin1');
    // A body that was refused is not read to its end.
    if (headers.includes('close') && !req.complete) res.once('finish', () => endSoon(req.socket));
    this.finished(exchange);
  };

  redirect = (exchange: Exchange, status: number, location: string, headers: Headers): void => {
    exchange.cache = 'REDIRECT';
    const head = ['location', location, 'content-length', '0', 'x-request-id', exchange.requestId, 'x-anchor-deployment', exchange.deploymentId ?? '', 'x-anchor-cache', 'REDIRECT'];
    for (const [name, value] of headers) {
      if (name !== 'location' && name !== 'content-length' && !isHopByHop(name)) head.push(name, value);
    }
    exchange.res.writeHead(status, head);
    exchange.res.end();
    this.finished(exchange);
  };

  /** The same on a connection that asked to become a WebSocket. */
  refuse = (exchange: Exchange, socket: Duplex, problem: Problem): void => {
    exchange.cache = 'ERROR';
    const { type, body } = renderProblem(problem, exchange.requestId, exchange.req.headers.accept);
    if (socket.writable) {
      socket.end(`HTTP/1.1 ${problem.status} ${problem.title}\r\nconnection: close\r\ncontent-type: ${type}\r\ncontent-length: ${Buffer.byteLength(body)}\r\nx-request-id: ${exchange.requestId}\r\n\r\n${body}`);
    }
    this.finished(exchange, problem.status);
  };
}

const NO_LINE: RepeatedLine = () => undefined;

const GRACE_MS = 1000;
/** Lets the answer reach a client that is still sending, then cuts. */
function endSoon(socket: RequestSocket): void {
  setTimeout(() => socket.destroy(), GRACE_MS).unref();
}

/** Answers bytes that are no HTTP request, and closes. `code` is the parser's. */
export function refuseRaw(code: string | undefined, socket: Duplex): void {
  if (!socket.writable || code === 'ECONNRESET' || code === 'EPIPE') return void socket.destroy();
  const line = code === 'HPE_HEADER_OVERFLOW' ? '431 Request Header Fields Too Large' : code === 'ERR_HTTP_REQUEST_TIMEOUT' ? '408 Request Timeout' : '400 Bad Request';
  const body = `${line}\n`;
  socket.end(`HTTP/1.1 ${line}\r\nconnection: close\r\ncontent-type: text/plain\r\ncontent-length: ${body.length}\r\nx-request-id: ${randomUUID()}\r\n\r\n${body}`, () => socket.destroy());
}

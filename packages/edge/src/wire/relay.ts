import { STATUS_CODES } from 'node:http';
import type { DeploymentId } from '@anchor/core/names/id.ts';
import type { Keeper } from '../cache/keep.ts';
import type { FunctionPools, Lease } from '../functions/pools.ts';
import { requestHeaders } from '../functions/request-headers.ts';
import { responseHeaders } from '../functions/response-headers.ts';
import { reloadsOldTab } from '../functions/old-tab.ts';
import { IDEMPOTENT } from '../http/methods.ts';
import type { Problem } from '../pages/error-page.ts';
import { functionGone, functionTimedOut, startFailed, startTimedOut } from '../pages/problems.ts';
import type { EdgeSettings } from '../settings.ts';
import type { WireExchange } from './reply.ts';
import { MAX_ANSWER_HEAD, readAnswerHead, type AnswerHead } from './upstream/answer-head.ts';
import { AnswerBody } from './upstream/body.ts';
import { UpstreamConnection, type UpstreamUser } from './upstream/connection.ts';

export type RelayDeps = Readonly<{
  pools: FunctionPools;
  settings: EdgeSettings;
  problem(exchange: WireExchange, problem: Problem, headers?: readonly string[]): void;
  serveFile(path: string, status: number, headers: readonly string[]): void;
  /** Takes along what passes, where the edge may give it to others. */
  keeper(status: number, rawHeaders: readonly string[]): Keeper | undefined;
  finished(exchange: WireExchange): void;
}>;

/** As proxy.ts has it. */
export type RelayJob = Readonly<{ exchange: WireExchange; deploymentId: DeploymentId; ownId?: string | undefined; believed: boolean; path: string; tokens: ReadonlySet<string> }>;

const MAX_TRIES = 3;
/** A head in more pieces, or more hints before it, than any server sends. */
const MAX_PIECES = 512;
const MAX_HINTS = 16;

/** A request that the edge read by itself on its way to a function, and the answer on its way back: checked, but passed on as it comes. */
export class Relay implements UpstreamUser {
  readonly #deps: RelayDeps;
  readonly #job: RelayJob;
  readonly #until: number;
  /**
   * It may be sent again when nothing of an answer came, and its connection may serve another one. Not with a body: who has
   * read it may have acted on it, and who answers before may take it for a request.
   */
  readonly #repeatable: boolean;
  #tries = 0;
  #lease: Lease | undefined;
  #up: UpstreamConnection | undefined;
  #state: 'asking' | 'answering' | 'done' = 'asking';
  #unread: Buffer | undefined;
  #pieces = 0;
  #hints = 0;
  /** Once its head is there. */
  #body: AnswerBody | undefined;
  #keepMs = 0;
  #keeper: Keeper | undefined;

  constructor(deps: RelayDeps, job: RelayJob) {
    this.#deps = deps;
    this.#job = job;
    this.#until = performance.now() + deps.settings.startMs;
    const { req, res } = job.exchange;
    this.#repeatable = IDEMPOTENT.has(req.method) && req.body === undefined;
    res.on('close', () => this.#clientGone());
    // Who only asks and does not wait for the answer can not be told from who has left.
    res.on('end', () => res.destroy());
    res.on('drain', () => this.#drained());
  }

  start(): void {
    // Gone while it was decided who answers.
    if (this.#job.exchange.res.destroyed) return this.#clientGone();
    this.#tries++;
    const lease = this.#deps.pools.take(this.#job.deploymentId);
    if (lease !== undefined) return this.#ask(lease);
    void this.#wait();
  }

  /** Until an instance has started. */
  async #wait(): Promise<void> {
    const { pools, settings, problem } = this.#deps;
    const { exchange, deploymentId } = this.#job;
    const acquired = await pools.acquire(deploymentId, this.#until - performance.now());
    if (this.#state === 'done') {
      if (acquired.ok) acquired.value.release();
      return;
    }
    if (acquired.ok) return this.#ask(acquired.value);
    this.#state = 'done';
    problem(exchange, acquired.error === 'timeout' ? startTimedOut(Math.round(settings.startMs / 1000)) : startFailed(acquired.error), ['retry-after', '5']);
  }

  #ask(lease: Lease): void {
    const { exchange, path, tokens } = this.#job;
    const { idle, path: socketPath } = lease.instance;
    // A connection of its own for what must not be sent twice: an idle one may be closing while we write to it.
    const up = (this.#repeatable ? idle.take() : undefined) ?? new UpstreamConnection(socketPath, idle);
    this.#lease = lease;
    this.#up = up;
    this.#unread = undefined;
    this.#pieces = 0;
    up.use(this);
    const { method, body, headers: asked } = exchange.req;
    const declared = asked['content-length'];
    const headers = requestHeaders(exchange, tokens, declared === undefined ? NOTHING : ['content-length', declared]);
    let head = `${method} ${path} HTTP/1.1\r\n`;
    for (let i = 0; i < headers.length; i += 2) head += `${headers[i]}: ${headers[i + 1]}\r\n`;
    if (body !== undefined) up.socket.cork();
    up.socket.write(`${head}Connection: ${this.#repeatable ? 'keep-alive' : 'close'}\r\n\r\n`, 'latin1');
    if (body !== undefined) {
      up.socket.write(body.bytes);
      up.socket.uncork();
    }
    exchange.res.wait(lease.timeoutMs, this.#late);
  }

  data(bytes: Buffer): void {
    if (this.#body !== undefined) return this.#feed(this.#body, bytes);
    let rest = this.#unread === undefined ? bytes : Buffer.concat([this.#unread, bytes]);
    this.#unread = undefined;
    for (;;) {
      const end = rest.indexOf('\r\n\r\n');
      if (++this.#pieces > MAX_PIECES) return this.#refuse('its answer comes in too many pieces');
      const head = readAnswerHead(rest.toString('latin1', 0, end === -1 ? MAX_ANSWER_HEAD : end + 4), this.#job.exchange.req.method);
      if (head === 'more') return void (this.#unread = rest);
      if ('wrong' in head) return this.#refuse(head.wrong);
      rest = rest.subarray(head.length);
      if (head.status >= 200) return this.#begin(head, rest);
      if (head.status === 101) return this.#refuse('it switched protocols');
      if (++this.#hints > MAX_HINTS) return this.#refuse('it sends hints without end');
      if (head.status > 101) this.#job.exchange.res.hint(head.status, head.reason, head.raw);
      if (rest.length === 0) return;
    }
  }

  #begin(head: AnswerHead, rest: Buffer): void {
    const { exchange, ownId, believed } = this.#job;
    const { req, res } = exchange;
    const body = new AnswerBody(head.framing);
    const answer = responseHeaders(exchange, head.raw, head.connection, head.framing.kind === 'chunked', believed);
    exchange.cache = answer.cache;
    if (answer.serve !== undefined) {
      // Its own body is not read: the connection is only good for more when it has none.
      this.#leaveUpstream(body.empty && rest.length === 0 && this.#repeatable ? head.keepMs : 0);
      this.#state = 'done';
      res.wait(0, undefined);
      return this.#deps.serveFile(answer.serve, head.status, answer.headers);
    }
    this.#keeper = this.#deps.keeper(head.status, head.raw);
    this.#keepMs = this.#repeatable ? head.keepMs : 0;
    this.#body = body;
    const reload = reloadsOldTab(exchange, ownId, head.status, answer.headers);
    if (reload === undefined) res.begin(head.status, head.reason, answer.headers, body.chunked);
    else res.begin(reload.status, STATUS_CODES[reload.status] ?? '', reload.headers, body.chunked);
    req.body?.drop();
    this.#state = 'answering';
    if (rest.length > 0 || body.empty) return this.#feed(body, rest);
    res.wait(this.#deps.settings.idleMs, this.#late);
    // The first bytes mostly follow at once, and leave in one write with the head; a stream that begins with silence
    // still shows its head.
    setImmediate(() => { if (this.#state === 'answering') res.flush(); });
  }

  #feed(body: AnswerBody, bytes: Buffer): void {
    const { res } = this.#job.exchange;
    const fed = body.feed(bytes, this.#content);
    if (fed === undefined) return this.#breakOff();
    const more = fed.pieces.length === 0 || res.pass(fed.pieces);
    if (fed.done) return this.#finish(body.overrun ? 0 : this.#keepMs);
    if (!more) this.#up?.socket.pause();
    res.wait(this.#deps.settings.idleMs, this.#late);
  }

  readonly #content = (bytes: Buffer): void => {
    this.#job.exchange.bytes += bytes.length;
    this.#keeper?.chunk(bytes);
  };

  #finish(keepMs: number): void {
    const { exchange } = this.#job;
    this.#state = 'done';
    this.#keeper?.end();
    this.#lease?.served();
    this.#leaveUpstream(keepMs);
    this.#deps.finished(exchange);
    exchange.res.end();
  }

  ended(): void {
    const last = this.#state === 'answering' ? this.#body?.end() : undefined;
    if (last === undefined) return;
    this.#job.exchange.res.pass(last);
    this.#finish(0);
  }

  gone(error: Error & { code?: string }): void {
    if (this.#state === 'done') return;
    if (this.#state === 'answering') return this.#breakOff();
    const up = this.#up;
    const untouched = this.#unread === undefined && this.#hints === 0;
    // Nothing has come back: it may be asked again, of another instance or on another connection.
    const again = up?.connected !== true || (untouched && this.#repeatable);
    if (up !== undefined && (!up.connected || (again && !up.reused))) this.#lease?.broken();
    this.#leaveUpstream(0);
    if (again && this.#tries < MAX_TRIES) return this.start();
    this.#fail(functionGone(error.code ?? error.message));
  }

  readonly #late = (): void => {
    if (this.#state === 'done') return;
    if (this.#state === 'answering') return this.#breakOff();
    const limitMs = this.#lease?.timeoutMs ?? 0;
    this.#leaveUpstream(0);
    this.#fail(functionTimedOut(limitMs));
  };

  #refuse(why: string): void {
    this.#leaveUpstream(0);
    this.#fail(functionGone(why));
  }

  #fail(problem: Problem): void {
    this.#state = 'done';
    this.#deps.problem(this.#job.exchange, problem);
  }

  /** The visitor must see that the answer is not whole. */
  #breakOff(): void {
    this.#state = 'done';
    this.#leaveUpstream(0);
    this.#job.exchange.res.destroy();
    this.#deps.finished(this.#job.exchange);
  }

  #clientGone(): void {
    if (this.#state === 'done') return;
    this.#state = 'done';
    this.#leaveUpstream(0);
    this.#deps.finished(this.#job.exchange);
  }

  #drained(): void {
    if (this.#state !== 'answering') return;
    this.#job.exchange.res.wait(this.#deps.settings.idleMs, this.#late);
    this.#up?.socket.resume();
  }

  /** `keepMs`: how long its connection may serve others; 0 when it may not. */
  #leaveUpstream(keepMs: number): void {
    const up = this.#up;
    this.#up = undefined;
    if (keepMs > 0) up?.release(keepMs);
    else up?.abandon();
    this.#lease?.release();
    this.#lease = undefined;
    this.#keeper?.drop();
  }
}

const NOTHING: readonly string[] = [];

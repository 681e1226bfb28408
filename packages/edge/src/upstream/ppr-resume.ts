import { NodeTransport, type NodeTransportUser } from '../http1/upstream/node-transport.ts';
import type { TransportError, UpstreamHead } from '../http1/upstream/transport.ts';
import type { ContentEncoding } from './compression/choose-encoding.ts';
import { ReplyDeadline } from './deadline.ts';
import type { Lease } from './lease.ts';
import { writeShellHead } from './ppr-shell.ts';
import { requestHeaders } from './request-headers.ts';
import type { ResumeDeps, ResumeJob } from './resume-job.ts';
import { ResumedBody } from './resumed-body.ts';
import type { UpstreamFailure } from './upstream-failure.ts';
import { UpstreamRequest, type UpstreamRequestOwner } from './upstream-request.ts';

/**
 * Serves a partially prerendered page: its shell at once, also while the function starts, then what the function
 * renders for this visitor. A failure closes the connection: the visitor must see that the response is incomplete.
 */
export async function serveWithResume(deps: ResumeDeps, job: ResumeJob): Promise<void> {
  const { exchange, shell, postponed } = job;
  const [first, state] = await Promise.all([deps.bytesOf(shell.identity), deps.bytesOf(postponed)]);
  if (exchange.res.destroyed) return deps.finished(exchange);
  if (first === undefined || state === undefined) return deps.toFunction();
  const encoding = writeShellHead(deps, job);
  if (exchange.req.method !== 'HEAD') return new PprResume(deps, job, state, encoding).start(first);
  exchange.res.end();
  deps.finished(exchange);
}

/** Requests what follows a shell, and passes it on after it. */
class PprResume implements UpstreamRequestOwner, NodeTransportUser {
  readonly #deps: ResumeDeps;
  readonly #job: ResumeJob;
  readonly #state: Buffer;
  readonly #request: UpstreamRequest;
  readonly #body: ResumedBody;
  #transport: NodeTransport | undefined;

  constructor(deps: ResumeDeps, job: ResumeJob, state: Buffer, encoding: ContentEncoding | undefined) {
    this.#deps = deps;
    this.#job = job;
    this.#state = state;
    const { exchange, deploymentId, projectId } = job;
    const { pools, settings, compressorSlots } = deps;
    const deadline = new ReplyDeadline(exchange.res, settings);
    // The state is the edge's own: rendering from it twice does no harm.
    this.#request = new UpstreamRequest({ pools, settings, deploymentId, deadline, repeatable: true }, this);
    this.#body = new ResumedBody(
      exchange,
      encoding === undefined ? undefined : { encoding, projectId, slots: compressorSlots },
      {
        drained: () => this.#onDrained(),
        ended: () => this.#onEnded(),
        failed: () => this.#request.fail({ kind: 'broken' }),
      },
    );
    exchange.res.once('close', () => this.#request.left());
  }

  start(shell: Buffer): void {
    this.#body.write(shell);
    this.#request.start();
  }

  get clientLeft(): boolean {
    return this.#job.exchange.res.destroyed;
  }

  send({ instance }: Lease, onlyNewConnection: boolean): NodeTransport {
    const { exchange, tokens, path } = this.#job;
    const length = String(this.#state.length);
    const extra = ['next-resume', '1', 'content-type', 'text/plain', 'content-length', length];
    const transport = new NodeTransport(
      {
        socketPath: instance.path,
        agent: onlyNewConnection ? false : instance.agent,
        method: 'POST',
        path,
        headers: requestHeaders(exchange, tokens, extra),
      },
      this,
    );
    this.#transport = transport;
    transport.end(this.#state);
    this.#request.sent();
    return transport;
  }

  /** The head was sent with the shell: hints are too late. */
  interim(): void {}

  head({ status }: UpstreamHead): void {
    if (status !== 200) return this.#request.rejected(`it responds with ${status}`);
    this.#request.streaming();
    this.#wait();
  }

  data(chunk: Buffer): void {
    this.#body.write(chunk);
    this.#wait();
  }

  end(): void {
    this.#request.received();
    this.#request.waitFor('client');
    this.#body.end();
  }

  gone(error: TransportError): void {
    this.#request.gone(error);
  }

  rejected(why: string): void {
    this.#request.rejected(why);
  }

  failed(failure: UpstreamFailure): void {
    if (failure.kind === 'left') this.#finish();
    else this.#abortResponse();
  }

  #wait(): void {
    if (!this.#body.writable) this.#transport?.pause();
    this.#request.waitFor(this.#body.writable ? 'function' : 'client');
  }

  #onDrained(): void {
    if (this.#request.state !== 'streaming') return;
    this.#transport?.resume();
    this.#request.waitFor('function');
  }

  #onEnded(): void {
    this.#request.finish();
    this.#deps.finished(this.#job.exchange);
  }

  #abortResponse(): void {
    this.#job.exchange.res.destroy();
    this.#finish();
  }

  #finish(): void {
    this.#body.drop();
    this.#deps.finished(this.#job.exchange);
  }
}

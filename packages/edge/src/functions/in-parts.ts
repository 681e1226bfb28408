import { request, type IncomingMessage } from 'node:http';
import type { DeploymentId } from '@anchor/core/names/id.ts';
import { REVALIDATE, type Asset, type Part } from '../assets/asset.ts';
import type { Exchange } from '../exchange.ts';
import type { EdgeSettings } from '../settings.ts';
import { waitAsLongAs } from './patience.ts';
import type { FunctionPools, Lease } from './pools.ts';
import { requestHeaders } from './request-headers.ts';

export type InPartsDeps = Readonly<{
  pools: FunctionPools;
  settings: EdgeSettings;
  /** The bytes of a part; undefined when they can not be read. */
  bytesOf(part: Part): Promise<Buffer | undefined>;
  /** Nothing has been sent yet: the function answers alone. */
  toFunction(): void;
  finished(exchange: Exchange): void;
}>;

export type InPartsJob = Readonly<{ exchange: Exchange; deploymentId: DeploymentId; path: string; tokens: ReadonlySet<string>; shell: Asset; postponed: Part }>;

/** As Next says of what is one visitor's own. */
const OWN = 'private, no-cache, no-store, max-age=0, must-revalidate';
/** Of the stored shell; the whole is something else. */
const NOT_OF_THE_WHOLE = new Set(['cache-control', 'x-nextjs-cache', 'x-nextjs-postponed']);
const MAX_TRIES = 3;

/**
 * A partially prerendered page: its shell at once, also while the function starts, then what the function renders for
 * this visitor. When that fails the connection is cut: the visitor must see that the answer is not whole.
 */
export async function inParts(deps: InPartsDeps, job: InPartsJob): Promise<void> {
  const { exchange, shell, postponed } = job;
  const { res } = exchange;
  const [first, state] = await Promise.all([deps.bytesOf(shell.identity), deps.bytesOf(postponed)]);
  if (res.destroyed) return deps.finished(exchange);
  if (first === undefined || state === undefined) return deps.toFunction();
  exchange.cache = shell.cache;
  res.writeHead(shell.status, headOf(exchange, shell));
  if (exchange.req.method === 'HEAD') {
    res.end();
    return deps.finished(exchange);
  }
  let room = res.write(first);
  exchange.bytes = first.length;
  let left = false;
  let upstream: { destroy(): unknown } | undefined;
  res.once('close', () => {
    left = true;
    upstream?.destroy();
  });
  let drained = (): void => undefined;
  // Also while nothing waits for it: the next piece may come long after there is room again.
  res.on('drain', () => {
    room = true;
    drained();
  });

  const whole = await rest(deps, job, state, async (answer) => {
    upstream = answer;
    if (left) return false;
    for await (const chunk of answer) {
      if (!Buffer.isBuffer(chunk)) continue;
      if (!room) await new Promise<void>((resolve) => {
        drained = resolve;
        answer.once('close', resolve);
      });
      exchange.bytes += chunk.length;
      room = res.write(chunk);
    }
    return answer.complete;
  });
  if (whole) res.end();
  else res.destroy();
  deps.finished(exchange);
}

/** False when it is not whole. Tried again only as long as nothing has come. */
async function rest(deps: InPartsDeps, job: InPartsJob, state: Buffer, pass: (answer: IncomingMessage) => Promise<boolean>): Promise<boolean> {
  const until = performance.now() + deps.settings.startMs;
  for (let tries = 1; tries <= MAX_TRIES; tries++) {
    let lease = deps.pools.take(job.deploymentId);
    if (lease === undefined) {
      const acquired = await deps.pools.acquire(job.deploymentId, until - performance.now());
      if (!acquired.ok) return false;
      lease = acquired.value;
    }
    if (job.exchange.res.destroyed) {
      lease.release();
      return false;
    }
    try {
      const answer = await ask(deps, job, lease, state);
      if (answer.statusCode === 200) {
        const whole = await pass(answer).catch(() => false);
        if (whole) lease.served();
        return whole;
      }
      answer.resume();
      return false;
    } catch (error) {
      // Who leaves ends what was asked for him: that says nothing about the function.
      if (error === LATE || job.exchange.res.destroyed) return false;
      lease.broken();
    } finally {
      lease.release();
    }
  }
  return false;
}

/** Says that nothing came in time: the next try would wait as long. */
const LATE = new Error('no answer in time');

function ask(deps: InPartsDeps, { exchange, path, tokens }: InPartsJob, lease: Lease, state: Buffer): Promise<IncomingMessage> {
  const extra = ['next-resume', '1', 'content-type', 'text/plain', 'content-length', String(state.length)];
  return new Promise((resolve, reject) => {
    const { instance, timeoutMs } = lease;
    waitAsLongAs(lease, exchange.res, deps.settings);
    const sent = request({ socketPath: instance.path, agent: instance.agent, method: 'POST', path, headers: requestHeaders(exchange, tokens, extra), setHost: false });
    const late = (): void => void sent.destroy(LATE);
    const timer = setTimeout(late, timeoutMs);
    sent.once('close', () => clearTimeout(timer));
    sent.on('error', reject);
    sent.once('response', (answer) => {
      clearTimeout(timer);
      sent.setTimeout(deps.settings.idleMs, late);
      resolve(answer);
    });
    exchange.res.once('close', () => sent.destroy());
    sent.end(state);
  });
}

function headOf({ requestId, deploymentId, cache }: Exchange, { headers }: Asset): string[] {
  const head = ['x-request-id', requestId, 'x-anchor-deployment', deploymentId ?? '', 'x-anchor-cache', cache];
  for (const [name, value] of headers) if (!NOT_OF_THE_WHOLE.has(name)) head.push(name, value);
  const control = headers.get('cache-control');
  head.push('x-nextjs-postponed', '1', 'cache-control', control === undefined || control === REVALIDATE ? OWN : control);
  return head;
}

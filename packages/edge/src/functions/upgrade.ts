import { request, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Exchange } from '../exchange.ts';
import type { Problem } from '../pages/error-page.ts';
import { functionGone, functionTimedOut, startFailed, startTimedOut } from '../pages/problems.ts';
import type { EdgeSettings } from '../settings.ts';
import type { FunctionPools } from './pools.ts';
import type { Job } from './proxy.ts';
import { requestHeaders } from './request-headers.ts';
import { responseHeaders } from './response-headers.ts';

export type UpgradeDeps = Readonly<{
  pools: FunctionPools;
  settings: EdgeSettings;
  refuse(exchange: Exchange, socket: Duplex, problem: Problem): void;
  finished(exchange: Exchange, status: number): void;
}>;

const LAST_BYTES_MS = 1000;

/** A WebSocket: the two connections are joined once the function agrees, and end together. */
export async function upgrade(deps: UpgradeDeps, job: Omit<Job, 'believed'>, socket: Duplex, head: Buffer): Promise<void> {
  const { exchange } = job;
  const { pools, settings } = deps;
  let lease = pools.take(job.deploymentId);
  if (lease === undefined) {
    const acquired = await pools.acquire(job.deploymentId, settings.startMs);
    if (!acquired.ok) return deps.refuse(exchange, socket, acquired.error === 'timeout' ? startTimedOut(Math.round(settings.startMs / 1000)) : startFailed(acquired.error));
    lease = acquired.value;
  }
  const held = lease;
  if (socket.destroyed) {
    held.release();
    return deps.finished(exchange, 499);
  }
  const upReq = request({
    socketPath: held.instance.path,
    agent: false,
    method: 'GET',
    path: job.path,
    headers: requestHeaders(exchange, job.tokens, ['connection', 'Upgrade', 'upgrade', 'websocket']),
    setHost: false,
    timeout: held.timeoutMs,
  });
  let late = false;
  let open = true;
  let status = 499;
  const end = (): void => {
    if (!open) return;
    open = false;
    held.release();
    deps.finished(exchange, status);
  };
  socket.on('close', () => {
    upReq.destroy();
    end();
  });
  upReq.on('timeout', () => {
    late = true;
    upReq.destroy();
  });
  upReq.on('error', (error: Error & { code?: string }) => {
    if (!open) return;
    if (status !== 499) {
      socket.destroy();
      return end();
    }
    status = late ? 504 : 502;
    deps.refuse(exchange, socket, late ? functionTimedOut(held.timeoutMs) : functionGone(error.code ?? error.message));
    open = false;
    held.release();
  });
  upReq.on('upgrade', (answer: IncomingMessage, upstream: Duplex, first: Buffer) => {
    const { headers } = responseHeaders(exchange, answer.rawHeaders, undefined, false, false);
    status = 101;
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\n${lines(headers)}\r\n`, 'latin1');
    if (first.length > 0) socket.write(first);
    if (head.length > 0) upstream.write(head);
    if ('setTimeout' in upstream && typeof upstream.setTimeout === 'function') upstream.setTimeout(0);
    socket.on('data', (chunk: Buffer) => { if (!upstream.write(chunk)) socket.pause(); });
    upstream.on('drain', () => socket.resume());
    upstream.on('data', (chunk: Buffer) => {
      exchange.bytes += chunk.length;
      if (!socket.write(chunk)) upstream.pause();
    });
    socket.on('drain', () => upstream.resume());
    // A WebSocket has no use for half a connection: the last bytes may still pass, then both sides are closed.
    const closeSoon = (): void => {
      upstream.end();
      socket.end();
      setTimeout(() => {
        upstream.destroy();
        socket.destroy();
      }, LAST_BYTES_MS).unref();
    };
    socket.on('end', closeSoon);
    upstream.on('end', closeSoon);
    socket.on('close', () => upstream.destroy());
    upstream.on('close', () => {
      socket.end();
      end();
    });
    upstream.on('error', () => socket.destroy());
    upstream.resume();
    socket.resume();
  });
  upReq.on('response', (answer) => {
    // The function says no: its answer is passed on as it is, and the connection ends with it.
    const { headers } = responseHeaders(exchange, answer.rawHeaders, answer.headers.connection, false, false);
    status = answer.statusCode ?? 502;
    socket.write(`HTTP/1.1 ${status} ${answer.statusMessage ?? ''}\r\nconnection: close\r\n${lines(headers)}\r\n`, 'latin1');
    answer.on('data', (chunk: Buffer) => {
      exchange.bytes += chunk.length;
      if (!socket.write(chunk)) answer.pause();
    });
    socket.on('drain', () => answer.resume());
    answer.on('end', () => { socket.end(); end(); });
    answer.on('error', () => { socket.destroy(); end(); });
  });
  upReq.end();
}

function lines(flat: readonly string[]): string {
  let out = '';
  for (let i = 0; i < flat.length; i += 2) out += `${flat[i]}: ${flat[i + 1]}\r\n`;
  return out;
}

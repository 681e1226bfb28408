import { createServer, type Server, type Socket } from 'node:net';
import type { Server as HttpServer } from 'node:http';
import { stallTimeoutMs, type EdgeSettings } from '../util/settings.ts';
import { Connection, type ConnectionServer } from '../http1/own/connection.ts';
import { PrebuiltResponses } from '../http1/own/prebuilt-responses.ts';
import { Http2Connections } from '../http2/connections.ts';
import { PREFACE } from '../http2/frames.ts';
import { PrebuiltHttp2Responses } from '../http2/prebuilt-responses.ts';
import type { Http2Server } from '../http2/server.ts';
import { ConnectionLimits } from './connection-limits.ts';
import { RequestBodies } from '../http1/own/request-body.ts';
import { readShared } from '../http1/own/shared-read.ts';

export type ListenerOptions = Readonly<{ settings: EdgeSettings; http: HttpServer }> &
  Pick<ConnectionServer, 'memo' | 'clientAddress' | 'handle'> &
  Pick<Http2Server, 'handleStreamed' | 'reject'>;

/**
 * Listens on the port of an edge worker. The edge itself reads connections as long as their requests are plain. From
 * the first other request on they belong to `http`, which never listens.
 */
export class Listener {
  readonly server: Server;
  readonly #connections = new Set<Connection>();
  readonly #connectionServer: ConnectionServer;
  readonly #every: number;
  readonly #limits: ConnectionLimits;
  readonly #sharedReadBuffer: boolean;
  readonly #http2PriorKnowledge: boolean;
  readonly #http2: Http2Connections;
  readonly #timer: NodeJS.Timeout;

  constructor({ settings, http, memo, clientAddress, handle, handleStreamed, reject }: ListenerOptions) {
    this.#http2PriorKnowledge = settings.http2PriorKnowledge;
    this.#sharedReadBuffer = settings.sharedReadBuffer;
    this.#limits = new ConnectionLimits(
      settings,
      (remoteAddress) => clientAddress({ remoteAddress, destroy: () => undefined }).trusted,
    );
    this.#every = Math.max(50, Math.min(500, Math.ceil(settings.headersMs / 4)));
    const keepAliveSeconds = Math.floor(settings.keepAliveMs / 1000);
    this.#connectionServer = {
      maxHeaderBytes: settings.maxHeaderBytes,
      maxHeaders: settings.maxHeaders,
      headersMs: settings.headersMs,
      bodies: new RequestBodies(
        Math.min(settings.bufferedBodyBytes, settings.maxBodyBytes),
        settings.bufferedBodiesBytes,
      ),
      bodyMs: settings.bufferedBodyTimeoutMs,
      keepAliveMs: settings.keepAliveMs + KEEP_ALIVE_GRACE_MS,
      keepAliveSeconds,
      stallTimeoutMs: stallTimeoutMs(settings),
      time: { now: performance.now() + this.#every },
      prebuilt: new PrebuiltResponses(settings.memoryBytes / 2, keepAliveSeconds),
      memo,
      clientAddress,
      handle,
      handOffToNodeHttp: (socket, unread) => {
        socket.removeAllListeners('data');
        socket.pause();
        if (unread.length > 0) socket.unshift(unread);
        http.emit('connection', socket);
        socket.resume();
      },
      onClosed: (connection) => void this.#connections.delete(connection),
    };
    this.#http2 = new Http2Connections({
      ...this.#connectionServer,
      prebuilt: new PrebuiltHttp2Responses(settings.memoryBytes / 2),
      handle,
      handleStreamed,
      reject,
    });
    // What http's own listen() would have started: it enforces the time limit for heads.
    http.emit('listening');
    this.server = createServer(
      { allowHalfOpen: true, noDelay: true, pauseOnConnect: settings.http1FastPath },
      (socket: Socket) => {
        if (!this.#admit(socket)) return;
        if (settings.http1FastPath) this.#take(socket);
        else http.emit('connection', socket);
      },
    );
    this.#timer = setInterval(() => this.#tick(), this.#every).unref();
  }

  /** Returns false when the client has too many connections, or the worker is at its limit. */
  #admit(socket: Socket): boolean {
    const leave =
      this.#limits.full && !this.#evictIdle() && !this.#http2.evictIdle()
        ? undefined
        : this.#limits.enter(socket.remoteAddress ?? '');
    if (leave === undefined) socket.destroy();
    else socket.once('close', leave);
    return leave !== undefined;
  }

  /** Closes one that has nothing to do, those that came first before others. False when there is none. */
  #evictIdle(): boolean {
    let seen = 0;
    for (const { idle, socket } of this.#connections) {
      if (idle && !socket.destroyed) {
        socket.destroy();
        return true;
      }
      if (++seen > MAX_LOOK) return false;
    }
    return false;
  }

  #take(accepted: Socket): void {
    let receive = (bytes: Buffer, length: number): boolean => connection.receive(bytes, length);
    const shared = this.#sharedReadBuffer ? readShared(accepted, (bytes, length) => receive(bytes, length)) : undefined;
    const socket = shared ?? accepted;
    const connection = new Connection(socket, this.#connectionServer);
    this.#connections.add(connection);
    if (this.#http2PriorKnowledge)
      receive = (bytes, length) => {
        const http2 = isPreface(bytes, length) ? connection.release() : undefined;
        const next = http2 === undefined ? connection : this.#http2.accept(http2);
        receive = (more, size) => next.receive(more, size);
        return receive(bytes, length);
      };
    if (shared === undefined) accepted.on('data', (chunk: Buffer) => receive(chunk, chunk.length));
    socket.resume();
  }

  /** Announces to clients that their connections will be closed, where the protocol can. */
  drain(): void {
    this.#http2.drain();
  }

  closeIdle(): void {
    for (const connection of this.#connections) if (connection.idle) connection.socket.destroy();
    this.#http2.close();
  }

  closeAll(): void {
    clearInterval(this.#timer);
    for (const { socket } of this.#connections) socket.destroy();
    this.#http2.closeAll();
  }

  #tick(): void {
    const now = performance.now();
    // Deadlines are computed from the next tick on. Reading the clock at each request costs more, and no deadline fires
    // early.
    this.#connectionServer.time.now = now + this.#every;
    this.#connectionServer.memo.nextEpoch();
    for (const connection of this.#connections) if (connection.deadline < now) connection.onDeadline();
    this.#http2.tick(now);
  }
}

/** Whether a connection starts with HTTP/2's preface, which its first packet holds whole. */
const isPreface = (bytes: Buffer, length: number): boolean =>
  length >= PREFACE.length && bytes.compare(PREFACE, 0, PREFACE.length, 0, PREFACE.length) === 0;

/** How many connections are checked for an idle one. */
const MAX_LOOK = 1_000;

/** A client that uses our "timeout=" to the second still gets a response. */
const KEEP_ALIVE_GRACE_MS = 1000;

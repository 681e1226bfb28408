import { createServer, type Server, type Socket } from 'node:net';
import type { Server as HttpServer } from 'node:http';
import { addressMatcher } from '../http/client-address.ts';
import { stallTimeoutMs, type EdgeSettings } from '../util/settings.ts';
import { Connection, type ConnectionServer } from '../http1/own/connection.ts';
import { PrebuiltResponses } from '../http1/own/prebuilt-responses.ts';
import { Http2Connections } from '../http2/connections.ts';
import { PREFACE } from '../http2/frames.ts';
import { PrebuiltHttp2Responses } from '../http2/prebuilt-responses.ts';
import type { Http2Server } from '../http2/server.ts';
import type { RequestMemo } from '../http1/own/request-memo.ts';
import type { ServedNames } from '../certificates/served-names.ts';
import { ConnectionLimits, type ConnectionSlot } from '../util/connection-limits.ts';
import { RequestBodies } from '../http1/own/request-body.ts';
import { readShared, readSharedSecure, type Reader } from '../http1/own/shared-read.ts';
import { Handshakes } from './tls/handshakes.ts';
import { Opening, openPlain } from './tls/opening.ts';
import { TlsAcceptor, type TlsConnection } from './tls/tls-acceptor.ts';

export type ListenerOptions = Readonly<{
  settings: EdgeSettings;
  http: HttpServer;
  names: ServedNames;
  /** Sockets that connections for a name are passed on to. */
  tunnels?: ReadonlyMap<string, string> | undefined;
  /** The memo of connections with TLS, whose requests are the same bytes for other responses. */
  secureMemo: RequestMemo;
}> &
  Pick<ConnectionServer, 'memo' | 'clientAddress' | 'handle'> &
  Pick<Http2Server, 'handleStreamed' | 'reject'>;

/**
 * Listens on the ports of an edge worker. The edge itself reads connections as long as their requests are plain. From
 * the first other request on they belong to `http`, which never listens.
 */
export class Listener {
  /** Plain HTTP. */
  readonly server: Server;
  readonly secureServer: Server;
  readonly #http: HttpServer;
  readonly #settings: EdgeSettings;
  readonly #connections = new Set<Connection>();
  readonly #plain: ConnectionServer;
  readonly #secure: ConnectionServer;
  /** Over TLS, and by prior knowledge without it. */
  readonly #http2: Http2Connections;
  readonly #plainHttp2: Http2Connections;
  readonly #every: number;
  readonly #limits: ConnectionLimits;
  readonly #slots = new WeakMap<Socket, ConnectionSlot>();
  readonly #handshakes: Handshakes;
  readonly #acceptor: TlsAcceptor;
  readonly #isProxied: (address: string) => boolean;
  readonly #timer: NodeJS.Timeout;

  constructor(options: ListenerOptions) {
    const { settings, http, names, clientAddress } = options;
    this.#settings = settings;
    this.#http = http;
    const isExempt = (remoteAddress: string): boolean =>
      clientAddress({ remoteAddress, destroy: () => undefined }).trusted;
    this.#limits = new ConnectionLimits(settings, isExempt);
    this.#handshakes = new Handshakes(settings, isExempt);
    this.#isProxied = addressMatcher(settings.proxyProtocolFrom);
    this.#every = Math.max(50, Math.min(500, Math.ceil(settings.headersMs / 4)));
    this.#plain = this.#connectionServer(options);
    this.#secure = { ...this.#connectionServer(options), memo: options.secureMemo, time: this.#plain.time };
    const http2 = { ...options, prebuilt: new PrebuiltHttp2Responses(settings.memoryBytes / 4) };
    this.#http2 = new Http2Connections({ ...this.#secure, ...http2, memo: options.secureMemo });
    this.#plainHttp2 = new Http2Connections({ ...this.#plain, ...http2 });
    this.#acceptor = new TlsAcceptor({
      names,
      handshakes: this.#handshakes,
      isAdmitted: (socket, client) => this.#isAdmitted(socket, client),
      tunnels: options.tunnels ?? new Map(),
      protocols: settings.http2 ? ['h2', 'http/1.1'] : ['http/1.1'],
      accept: (socket, protocol) => this.#acceptSecure(socket, protocol),
    });
    // What http's own listen() would have started: it enforces the time limit for heads.
    http.emit('listening');
    this.server = createServer(
      {
        allowHalfOpen: true,
        noDelay: true,
        pauseOnConnect: settings.http1FastPath || settings.proxyProtocolFrom.length > 0,
      },
      (socket: Socket) => this.#acceptPlain(socket),
    );
    this.secureServer = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true }, (socket: Socket) => {
      const proxied = this.#isProxied(socket.remoteAddress ?? '');
      if (this.#admit(socket, proxied ? '' : socket.remoteAddress)) this.#acceptor.take(socket, proxied);
    });
    this.#timer = setInterval(() => this.#tick(), this.#every).unref();
  }

  #connectionServer({ settings, http, memo, clientAddress, handle }: ListenerOptions): ConnectionServer {
    const keepAliveSeconds = Math.floor(settings.keepAliveMs / 1000);
    return {
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
  }

  /** Returns false when the client has too many connections, or the worker is at its limit. */
  #admit(socket: Socket, address = ''): boolean {
    const isFull = this.#limits.full && !this.#evictIdle() && !this.#http2.evictIdle() && !this.#plainHttp2.evictIdle();
    const slot = isFull ? undefined : this.#limits.enter(address);
    if (slot === undefined) {
      socket.destroy();
      return false;
    }
    this.#slots.set(socket, slot);
    socket.once('close', () => slot.leave());
    return true;
  }

  /** Counts a connection for the client that a PROXY header names. Returns false when that one has too many. */
  #isAdmitted(socket: Socket, client: string): boolean {
    return this.#handshakes.rename(socket, client) && this.#slots.get(socket)?.rename(client) === true;
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

  #acceptPlain(socket: Socket): void {
    if (!this.#isProxied(socket.remoteAddress ?? '')) {
      if (!this.#admit(socket, socket.remoteAddress)) return;
      if (this.#settings.http1FastPath) return this.#take(socket);
      this.#http.emit('connection', socket);
      return void socket.resume();
    }
    if (!this.#admit(socket) || !this.#handshakes.start(socket, '')) return void socket.destroy();
    socket.on('error', ignore);
    new Opening(socket, openPlain, (result) => {
      if (typeof result === 'string') return void socket.destroy();
      const { proxy, unread } = result;
      if (proxy?.client !== undefined) {
        Object.defineProperty(socket, 'remoteAddress', { value: proxy.client });
        if (!this.#isAdmitted(socket, proxy.client)) return void socket.destroy();
      }
      this.#handshakes.finish(socket);
      this.#takeProxied(socket, unread);
    }).start();
  }

  #take(accepted: Socket): void {
    let receive = (bytes: Buffer, length: number): boolean => connection.receive(bytes, length);
    const shared = this.#settings.sharedReadBuffer
      ? readShared(accepted, (bytes, length) => receive(bytes, length))
      : undefined;
    const socket = shared ?? accepted;
    const connection = new Connection(socket, this.#plain);
    this.#connections.add(connection);
    if (this.#settings.http2PriorKnowledge)
      receive = (bytes, length) => {
        const http2 = isPreface(bytes, length) ? connection.release() : undefined;
        const next = http2 === undefined ? connection : this.#plainHttp2.accept(http2);
        receive = (more, size) => next.receive(more, size);
        return receive(bytes, length);
      };
    if (shared === undefined) accepted.on('data', (chunk: Buffer) => receive(chunk, chunk.length));
    socket.resume();
  }

  /** Takes a connection behind a PROXY header. `unread`: the bytes that followed it. */
  #takeProxied(socket: Socket, unread: Buffer): void {
    if (unread.length > 0) socket.unshift(unread);
    if (this.#settings.http1FastPath) this.#takeStream(socket, this.#plain);
    else this.#http.emit('connection', socket);
    socket.resume();
  }

  #acceptSecure(socket: TlsConnection, protocol: string): void {
    if (protocol === 'h2') {
      const connection = this.#http2.accept(socket);
      this.#read(socket, (bytes, length) => connection.receive(bytes, length));
    } else if (this.#settings.http1FastPath) {
      const connection = new Connection(socket, this.#secure);
      this.#connections.add(connection);
      this.#read(socket, (bytes, length) => connection.receive(bytes, length));
    } else this.#http.emit('connection', socket);
    socket.resume();
  }

  #read(socket: TlsConnection, receive: Reader): void {
    if (this.#settings.sharedReadBuffer && readSharedSecure(socket, receive)) return;
    socket.on('data', (chunk: Buffer) => receive(chunk, chunk.length));
  }

  #takeStream(socket: Socket, server: ConnectionServer): void {
    const connection = new Connection(socket, server);
    this.#connections.add(connection);
    socket.on('data', (chunk: Buffer) => connection.receive(chunk, chunk.length));
  }

  /** Announces to clients that their connections will be closed, where the protocol can. */
  drain(): void {
    for (const http2 of [this.#http2, this.#plainHttp2]) http2.drain();
  }

  closeIdle(): void {
    for (const connection of this.#connections) if (connection.idle) connection.socket.destroy();
    for (const http2 of [this.#http2, this.#plainHttp2]) http2.close();
  }

  closeAll(): void {
    clearInterval(this.#timer);
    this.#handshakes.closeAll();
    this.#acceptor.closeAll();
    for (const { socket } of this.#connections) socket.destroy();
    for (const http2 of [this.#http2, this.#plainHttp2]) http2.closeAll();
  }

  get handshakes(): number {
    return this.#handshakes.count;
  }

  #tick(): void {
    const now = performance.now();
    // Deadlines are computed from the next tick on. Reading the clock at each request costs more, and no deadline fires
    // early.
    this.#plain.time.now = now + this.#every;
    this.#plain.memo.nextEpoch();
    this.#secure.memo.nextEpoch();
    this.#handshakes.tick(now);
    for (const connection of this.#connections) if (connection.deadline < now) connection.onDeadline();
    for (const http2 of [this.#http2, this.#plainHttp2]) http2.tick(now);
  }
}

/** Whether a connection starts with HTTP/2's preface, which its first packet holds whole. */
const isPreface = (bytes: Buffer, length: number): boolean =>
  length >= PREFACE.length && bytes.compare(PREFACE, 0, PREFACE.length, 0, PREFACE.length) === 0;

/** How many connections are checked for an idle one. */
const MAX_LOOK = 1_000;

/** A client that uses our "timeout=" to the second still gets a response. */
const KEEP_ALIVE_GRACE_MS = 1000;
const ignore = (): void => undefined;

import { createServer, type Server, type Socket } from 'node:net';
import type { Server as HttpServer } from 'node:http';
import { stillMs, type EdgeSettings } from '../settings.ts';
import { Connection, type ConnectionHome } from './connection.ts';
import { Ready } from './ready.ts';
import { RequestBodies } from './request-body.ts';
import { readShared } from './shared-read.ts';

export type WireServerOptions = Readonly<{ settings: EdgeSettings; http: HttpServer }> & Pick<ConnectionHome, 'repeats' | 'visitor' | 'answer'>;

/**
 * The port of an edge worker. Connections are read by the edge itself as long as their requests are plain, and left to
 * `http`, which never listens, from the first other one on.
 */
export class WireServer {
  readonly server: Server;
  readonly #connections = new Set<Connection>();
  readonly #home: ConnectionHome;
  readonly #every: number;
  readonly #timer: NodeJS.Timeout;

  constructor({ settings, http, repeats, visitor, answer }: WireServerOptions) {
    this.#every = Math.max(50, Math.min(500, Math.ceil(settings.headersMs / 4)));
    const keepAliveSeconds = Math.floor(settings.keepAliveMs / 1000);
    this.#home = {
      maxHeaderBytes: settings.maxHeaderBytes,
      maxHeaders: settings.maxHeaders,
      headersMs: settings.headersMs,
      bodies: new RequestBodies(Math.min(settings.smallBodyBytes, settings.maxBodyBytes), settings.smallBodiesBytes),
      bodyMs: settings.smallBodyMs,
      keepAliveMs: settings.keepAliveMs + KEEP_ALIVE_GRACE_MS,
      keepAliveSeconds,
      stillMs: stillMs(settings),
      time: { now: performance.now() + this.#every },
      ready: new Ready(settings.memoryBytes / 2, keepAliveSeconds),
      repeats,
      visitor,
      answer,
      leaveToNode: (socket, unread) => {
        socket.removeAllListeners('data');
        socket.pause();
        if (unread.length > 0) socket.unshift(unread);
        http.emit('connection', socket);
        socket.resume();
      },
      gone: (connection) => void this.#connections.delete(connection),
    };
    // What http's own listen() would have begun: it watches over the time that heads may take.
    http.emit('listening');
    this.server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: settings.ownReader }, (socket: Socket) => {
      if (settings.ownReader) this.#take(socket);
      else http.emit('connection', socket);
    });
    this.#timer = setInterval(() => this.#tick(), this.#every).unref();
  }

  #take(accepted: Socket): void {
    const socket = readShared(accepted, (bytes, length) => connection.receive(bytes, length));
    const connection = new Connection(socket ?? accepted, this.#home);
    this.#connections.add(connection);
    if (socket === undefined) accepted.on('data', (chunk: Buffer) => connection.receive(chunk, chunk.length));
    connection.socket.resume();
  }

  closeQuiet(): void {
    for (const connection of this.#connections) if (connection.quiet) connection.socket.destroy();
  }

  closeAll(): void {
    clearInterval(this.#timer);
    for (const { socket } of this.#connections) socket.destroy();
  }

  #tick(): void {
    const now = performance.now();
    // Deadlines are reckoned from the next tick on: asking for the time at each request costs more, and none comes early.
    this.#home.time.now = now + this.#every;
    this.#home.repeats.turn();
    for (const connection of this.#connections) if (connection.deadline < now) connection.tick();
  }
}

/** A client that believes our "timeout=" to the second is still answered. */
const KEEP_ALIVE_GRACE_MS = 1000;

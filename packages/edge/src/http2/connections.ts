import type { Socket } from 'node:net';
import { Http2Connection } from './connection.ts';
import type { Http2Server } from './server.ts';

/** How many connections are checked for an idle one. */
const MAX_LOOK = 1_000;

/** Holds the open HTTP/2 connections of one worker. */
export class Http2Connections {
  readonly #server: Http2Server;
  readonly #connections = new Set<Http2Connection>();
  #draining = false;

  constructor(server: Http2Server) {
    this.#server = server;
  }

  /** Serves a connection whose client speaks HTTP/2: over TLS by ALPN, or without it by prior knowledge. */
  accept(socket: Socket): Http2Connection {
    const connection = new Http2Connection(socket, this.#server);
    this.#connections.add(connection);
    socket.once('close', () => this.#connections.delete(connection));
    if (this.#draining) connection.drain();
    return connection;
  }

  /** Enforces deadlines. Called regularly. */
  tick(now: number): void {
    for (const connection of this.#connections) connection.tick(now);
  }

  /** Announces to all clients that their connections will be closed. */
  drain(): void {
    this.#draining = true;
    for (const connection of this.#connections) connection.drain();
  }

  /** Closes each connection as soon as its requests in flight are complete. */
  close(): void {
    for (const connection of this.#connections) connection.close();
  }

  /** Closes one connection that has nothing to do. Returns false when there is none. */
  evictIdle(): boolean {
    let seen = 0;
    for (const connection of this.#connections) {
      if (connection.idle && !connection.socket.destroyed) {
        connection.close();
        connection.socket.destroySoon();
        return true;
      }
      if (++seen > MAX_LOOK) return false;
    }
    return false;
  }

  closeAll(): void {
    for (const { socket } of this.#connections) socket.destroy();
  }
}

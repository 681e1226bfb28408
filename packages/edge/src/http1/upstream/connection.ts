import { connect, type Socket } from 'node:net';

/** The current user of a connection to a function. */
export interface UpstreamUser {
  data(bytes: Buffer): void;
  /** Reports that the function has closed its side. */
  ended(): void;
  gone(error: Error & { code?: string }): void;
}

/** Represents one connection to an instance of a function. Used for one request at a time. */
export class UpstreamConnection {
  readonly socket: Socket;
  /** The connection has carried a response before: the function may have just closed it. */
  reused = false;
  connected = false;
  idleUntil = 0;
  #user: UpstreamUser | undefined;
  readonly #idle: IdleConnections;

  constructor(path: string, idle: IdleConnections) {
    this.#idle = idle;
    this.socket = connect(path);
    this.socket.on('connect', () => {
      this.connected = true;
    });
    this.socket.on('data', (bytes: Buffer) => {
      // Unsolicited bytes: what follows cannot be told apart from a response.
      if (this.#user === undefined) this.socket.destroy();
      else this.#user.data(bytes);
    });
    this.socket.on('end', () => this.#user?.ended());
    this.socket.on('error', (error: Error & { code?: string }) => this.#leave(error));
    this.socket.on('close', () =>
      this.#leave(Object.assign(new Error('the connection ended'), { code: 'ECONNRESET' })),
    );
  }

  use(user: UpstreamUser): void {
    this.#user = user;
  }

  /** Releases the connection after a complete response; it may be reused for `keepMs`. */
  release(keepMs: number): void {
    this.#user = undefined;
    if (this.socket.destroyed || this.socket.readableEnded) return void this.socket.destroy();
    this.reused = true;
    this.idleUntil = performance.now() + keepMs;
    if (this.socket.isPaused()) this.socket.resume();
    this.#idle.give(this);
  }

  /** Drops the user: its request was abandoned. */
  abandon(): void {
    this.#user = undefined;
    this.socket.destroy();
  }

  #leave(error: Error & { code?: string }): void {
    this.#idle.forget(this);
    const user = this.#user;
    this.#user = undefined;
    user?.gone(error);
  }
}

const MAX_IDLE = 64;

/** Holds the idle connections to one instance. The one used last is used first, so that surplus ones expire. */
export class IdleConnections {
  #connections: UpstreamConnection[] = [];
  #closed = false;

  take(): UpstreamConnection | undefined {
    for (;;) {
      const connection = this.#connections.pop();
      if (connection === undefined) return undefined;
      if (!connection.socket.destroyed && !connection.socket.readableEnded && performance.now() < connection.idleUntil)
        return connection;
      connection.socket.destroy();
    }
  }

  give(connection: UpstreamConnection): void {
    if (this.#closed || this.#connections.length >= MAX_IDLE) return void connection.socket.destroy();
    this.#connections.push(connection);
  }

  forget(connection: UpstreamConnection): void {
    const at = this.#connections.lastIndexOf(connection);
    if (at !== -1) this.#connections.splice(at, 1);
  }

  /** Closes those that wait, and those that come back later. */
  destroy(): void {
    this.#closed = true;
    for (const { socket } of this.#connections.splice(0)) socket.destroy();
  }
}

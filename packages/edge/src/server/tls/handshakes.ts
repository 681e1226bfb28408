import type { Socket } from 'node:net';
import { ConnectionLimits, type ConnectionSlot } from '../../util/connection-limits.ts';

export type HandshakeSettings = Readonly<{ handshakeMs: number; maxHandshakes: number; clientHandshakes: number }>;

type Started = Readonly<{ socket: Socket; deadline: number; slot: ConnectionSlot }>;

/** Bounds the connections that have started and not come to a request: their number, by client too, and their time. */
export class Handshakes {
  readonly #settings: HandshakeSettings;
  readonly #limits: ConnectionLimits;
  /** In the order in which they started. */
  readonly #started = new Map<Socket, Started>();

  /** `isExempt`: many clients connect through this address. */
  constructor(settings: HandshakeSettings, isExempt: (address: string) => boolean) {
    this.#settings = settings;
    this.#limits = new ConnectionLimits(
      { maxConnections: settings.maxHandshakes, clientConnections: settings.clientHandshakes },
      isExempt,
    );
  }

  /**
   * Counts a connection until `finish` or its end. The oldest one is closed for it where there are too many. Returns
   * false when its client has too many.
   */
  start(socket: Socket, address: string): boolean {
    if (this.#limits.full) this.#closeOldest();
    const slot = this.#limits.enter(address);
    if (slot === undefined) return false;
    this.#started.set(socket, { socket, deadline: performance.now() + this.#settings.handshakeMs, slot });
    socket.once('close', () => this.finish(socket));
    return true;
  }

  /** Counts a connection for another client than before: a proxy has named it. */
  rename(socket: Socket, address: string): boolean {
    if (this.#started.get(socket)?.slot.rename(address) === true) return true;
    this.finish(socket);
    return false;
  }

  /** Removes a connection whose handshake is complete. */
  finish(socket: Socket): void {
    const started = this.#started.get(socket);
    if (started === undefined) return;
    this.#started.delete(socket);
    started.slot.leave();
  }

  /** Closes those whose time is over. */
  tick(now: number): void {
    for (const { socket, deadline } of this.#started.values()) {
      if (deadline > now) return;
      socket.destroy();
    }
  }

  closeAll(): void {
    for (const { socket } of this.#started.values()) socket.destroy();
  }

  #closeOldest(): void {
    for (const { socket } of this.#started.values()) {
      this.finish(socket);
      socket.destroy();
      return;
    }
  }

  get count(): number {
    return this.#started.size;
  }
}

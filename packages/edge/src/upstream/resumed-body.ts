import type { Exchange } from '../http1/transport.ts';
import type { ContentEncoding } from './compression/choose-encoding.ts';
import { CompressedBody } from './compression/compressed-body.ts';
import type { CompressorSlots } from './compression/compressor-slots.ts';

/** Receives what becomes of a body. */
export type BodyListener = Readonly<{
  /** Handles that more can be written. */
  drained(): void;
  /** Runs before the response ends. */
  ended(): void;
  failed(): void;
}>;

/** Writes a response's body part by part, compressed or not. */
export class ResumedBody {
  readonly #exchange: Exchange;
  readonly #compressed: CompressedBody | undefined;
  readonly #listener: BodyListener;
  #writable = true;

  constructor(
    exchange: Exchange,
    compression: Readonly<{ encoding: ContentEncoding; projectId: string; slots: CompressorSlots }> | undefined,
    listener: BodyListener,
  ) {
    this.#exchange = exchange;
    this.#listener = listener;
    this.#compressed =
      compression === undefined
        ? undefined
        : new CompressedBody(compression.encoding, compression.projectId, compression.slots, {
            write: (bytes) => this.#write(bytes),
            end: () => this.#end(),
            drained: () => this.#drained(),
            failed: () => listener.failed(),
          });
    // Also while nothing waits for it: the next bytes may arrive long after the socket drained.
    exchange.res.on('drain', () => (this.#compressed === undefined ? this.#drained() : this.#compressed.drained()));
  }

  /** Whether more can be written now; else the listener's `drained` follows. */
  get writable(): boolean {
    return this.#writable;
  }

  write(bytes: Buffer): void {
    this.#writable = this.#compressed === undefined ? this.#write(bytes) : this.#compressed.write(bytes);
  }

  end(): void {
    if (this.#compressed === undefined) this.#end();
    else this.#compressed.end();
  }

  /** Drops what was not sent. */
  drop(): void {
    this.#compressed?.drop();
  }

  #write(bytes: Buffer): boolean {
    this.#exchange.bytes += bytes.length;
    return this.#exchange.res.write(bytes);
  }

  #end(): void {
    this.#listener.ended();
    this.#exchange.res.end();
  }

  #drained(): void {
    this.#writable = true;
    this.#listener.drained();
  }
}

import {
  constants,
  createBrotliCompress,
  createGzip,
  createZstdCompress,
  type BrotliCompress,
  type Gzip,
  type ZstdCompress,
} from 'node:zlib';
import type { ContentEncoding } from './choose-encoding.ts';
import type { CompressorSlots } from './compressor-slots.ts';

/** Where the coded bytes go. */
export type Sink = Readonly<{
  /** Returns false when the buffer is full; `drained` of the body is called when it has space again. */
  write(bytes: Buffer): boolean;
  end(): void;
  /** Signals that more may be written. */
  drained(): void;
  failed(): void;
}>;

/** Limit of bytes that wait to be compressed. */
const HIGH = 64 * 1024;
/** A window of 128 KB: pages are rarely larger, and each open response has one. */
const WINDOW = 17;

type Stream = (BrotliCompress | Gzip | ZstdCompress) & { flush(kind: number, callback: () => void): void };

function create(encoding: ContentEncoding): Stream {
  switch (encoding) {
    case 'br':
      return createBrotliCompress({
        params: {
          [constants.BROTLI_PARAM_QUALITY]: 4,
          [constants.BROTLI_PARAM_LGWIN]: WINDOW,
          [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
        },
      });
    case 'zstd':
      return createZstdCompress({
        params: { [constants.ZSTD_c_compressionLevel]: 3, [constants.ZSTD_c_windowLog]: WINDOW },
      });
    case 'gzip':
      return createGzip({ level: 6 });
  }
}

const FLUSH: Readonly<Record<ContentEncoding, number>> = {
  br: constants.BROTLI_OPERATION_FLUSH,
  zstd: constants.ZSTD_e_flush,
  gzip: constants.Z_SYNC_FLUSH,
};

/**
 * Streams a response's body through a compressor in a thread of the pool. Chunks that arrive while it is busy are
 * compressed together. When none is queued, everything buffered is flushed, so that a stream stays a stream.
 */
export class CompressedBody {
  readonly #coding: ContentEncoding;
  readonly #owner: string;
  readonly #slots: CompressorSlots;
  readonly #sink: Sink;
  readonly #stream: Stream;
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  #busy = false;
  #full = false;
  #sinkWritable = true;
  #ending = false;
  /** Its last bytes are being compressed, or were. */
  #ended = false;
  #over = false;

  /** Creates a body. The project's slot was taken already; the body releases it. */
  constructor(encoding: ContentEncoding, owner: string, compressorSlots: CompressorSlots, sink: Sink) {
    this.#coding = encoding;
    this.#owner = owner;
    this.#slots = compressorSlots;
    this.#sink = sink;
    this.#stream = create(encoding);
    this.#stream.on('data', (bytes: Buffer) => {
      if (!this.#over && !sink.write(bytes)) this.#sinkWritable = false;
    });
    this.#stream.on('error', () => {
      if (this.#over) return;
      this.drop();
      sink.failed();
    });
  }

  /** Returns false when the caller has to wait for the sink's `drained`. The bytes must stay unchanged. */
  write(bytes: Buffer): boolean {
    if (this.#over) return true;
    this.#pending.push(bytes);
    this.#pendingBytes += bytes.length;
    // Bytes of one turn of the event loop are compressed together.
    if (!this.#busy) setImmediate(() => this.#pump());
    this.#full = this.#pendingBytes >= HIGH;
    return !this.#full;
  }

  end(): void {
    this.#ending = true;
    this.#pump();
  }

  /** Resumes when the output has space again. */
  drained(): void {
    this.#sinkWritable = true;
    this.#relieve();
    this.#pump();
  }

  /** Drops the output: it has no reader any more. */
  drop(): void {
    if (this.#over) return;
    this.#over = true;
    this.#pending = [];
    this.#slots.leave(this.#owner);
    if (!this.#busy) this.#stream.destroy();
  }

  #pump(): void {
    if (this.#over || this.#busy || this.#ended || !this.#sinkWritable || (this.#pending.length === 0 && !this.#ending))
      return;
    this.#busy = true;
    this.#slots.take(this.#owner, (done) => {
      const bytes = this.#pending.length === 1 ? this.#pending[0] : Buffer.concat(this.#pending);
      this.#pending = [];
      this.#pendingBytes = 0;
      let left = false;
      const after = (): void => {
        if (left) return;
        left = true;
        this.#stream.removeListener('error', after);
        this.#busy = false;
        done();
        if (this.#over) return void this.#stream.destroy();
        this.#relieve();
        this.#pump();
      };
      this.#stream.once('error', after);
      if (this.#over) return after();
      if (this.#ending) {
        this.#ended = true;
        this.#stream.once('end', () => {
          after();
          this.#finish();
        });
        return void this.#stream.end(bytes);
      }
      this.#stream.write(bytes, () => {
        if (this.#pending.length > 0 || this.#ending || this.#over) return after();
        this.#stream.flush(FLUSH[this.#coding], after);
      });
    });
  }

  /** Resumes the input once both sides have space. */
  #relieve(): void {
    if (!this.#full || !this.#sinkWritable || this.#pendingBytes >= HIGH) return;
    this.#full = false;
    this.#sink.drained();
  }

  #finish(): void {
    if (this.#over) return;
    this.#over = true;
    this.#slots.leave(this.#owner);
    this.#sink.end();
  }
}

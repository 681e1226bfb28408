import { isHopByHop, isInternalResponseHeader } from '../../http/headers.ts';
import { forEachHeader, HEADER_BLOCK } from '../header-block.ts';

export type Piece = Buffer | string;

const EMPTY = Buffer.alloc(0);
const NOTHING: Piece[] = [];
const LAST_CHUNK = '0\r\n';
const MAX_LINE = 4096;
const MAX_TRAILERS = 16 * 1024;
const SIZE = /^([0-9A-Fa-f]{1,8})[\t ]*(?:;[\t\x20-\x7e\x80-\xff]*)?$/;
/** Trailers may not repeat headers of framing or routing. */
const NEVER = new Set([
  'content-length',
  'host',
  'content-encoding',
  'content-type',
  'content-range',
  'set-cookie',
  'authorization',
  'cache-control',
]);

/**
 * Validates a chunked body as it passes, and forwards it unchanged wherever possible. Chunk extensions are left out,
 * trailers are read whole first.
 */
export class ChunkedDecoder {
  /** The whole body has come. What follows in the piece fed last was not used. */
  done = false;
  /** How much of the piece that was fed last belongs to the body. */
  used = 0;
  #state: 'size' | 'data' | 'line end' | 'trailers' = 'size';
  /** Bytes of the chunk, then of its line end, that are still to come. */
  #left = 0;
  /** A size line or trailers of which a part has arrived. */
  #text = '';
  /** The piece being decoded, and how far that is. */
  #bytes: Buffer = EMPTY;
  #at = 0;
  /** Start of the bytes that are passed on unchanged. */
  #from = 0;
  #out = NOTHING;

  /**
   * Returns what to pass on of the next bytes; undefined when they are not a valid chunked body. `content` gets the
   * bytes without their framing.
   */
  decode(bytes: Buffer, content?: (bytes: Buffer) => void): Piece[] | undefined {
    const out: Piece[] = [];
    this.#bytes = bytes;
    this.#out = out;
    this.#at = 0;
    this.#from = 0;
    while (this.#at < bytes.length && !this.done) if (!this.#step(content)) return undefined;
    this.#flush();
    this.used = this.#at;
    this.#bytes = EMPTY;
    this.#out = NOTHING;
    return out;
  }

  /** Reads one part. Returns false when it is invalid. */
  #step(content: ((bytes: Buffer) => void) | undefined): boolean {
    switch (this.#state) {
      case 'size':
        return this.#readSize();
      case 'data':
        this.#readData(content);
        return true;
      case 'line end':
        return this.#readLineEnd();
      case 'trailers':
        return this.#readTrailers();
    }
  }

  #readSize(): boolean {
    const bytes = this.#bytes;
    const end = bytes.indexOf(0x0a, this.#at);
    const line = this.#text + bytes.toString('latin1', this.#at, end === -1 ? bytes.length : end + 1);
    if (line.length > MAX_LINE) return false;
    if (end === -1) {
      this.#flush();
      this.#await(line);
      return true;
    }
    const size = line.endsWith('\r\n') ? SIZE.exec(line.slice(0, -2))?.[1] : undefined;
    if (size === undefined) return false;
    this.#left = Number.parseInt(size, 16);
    const unchanged = this.#text === '' && size.length === line.length - 2;
    if (this.#left === 0) {
      this.#readLastChunk(end, unchanged);
      return true;
    }
    if (!unchanged) {
      this.#flush();
      this.#out.push(`${size}\r\n`);
      this.#from = end + 1;
      this.#text = '';
    }
    this.#at = end + 1;
    this.#state = 'data';
    return true;
  }

  /** Ends the body, or starts its trailers. `end`: where the line of its last chunk ends. */
  #readLastChunk(end: number, unchanged: boolean): void {
    // The usual end is passed on unchanged, too.
    if (unchanged && this.#bytes[end + 1] === 0x0d && this.#bytes[end + 2] === 0x0a) {
      this.#at = end + 3;
      this.done = true;
      return;
    }
    this.#flush();
    this.#from = this.#at = end + 1;
    this.#text = '';
    this.#state = 'trailers';
  }

  #readData(content: ((bytes: Buffer) => void) | undefined): void {
    const end = Math.min(this.#bytes.length, this.#at + this.#left);
    content?.(this.#bytes.subarray(this.#at, end));
    this.#left -= end - this.#at;
    this.#at = end;
    if (this.#left > 0) return;
    this.#state = 'line end';
    this.#left = 2;
  }

  #readLineEnd(): boolean {
    if (this.#bytes[this.#at] !== (this.#left === 2 ? 0x0d : 0x0a)) return false;
    this.#at++;
    if (--this.#left === 0) this.#state = 'size';
    return true;
  }

  #readTrailers(): boolean {
    const until = Math.min(this.#bytes.length, this.#at + MAX_TRAILERS + 4);
    const text = this.#text + this.#bytes.toString('latin1', this.#at, until);
    const end = text.startsWith('\r\n') ? 0 : text.indexOf('\r\n\r\n') + 2;
    if (!text.startsWith('\r\n') && end === 1) {
      if (text.length > MAX_TRAILERS) return false;
      this.#await(text);
      return true;
    }
    const filtered = filterTrailers(text.slice(0, end));
    if (filtered === undefined) return false;
    this.#out.push(`0\r\n${filtered}\r\n`);
    this.#from = this.#at += end + 2 - this.#text.length;
    this.done = true;
    return true;
  }

  /** Keeps text whose rest is still to come. */
  #await(text: string): void {
    this.#text = text;
    this.#from = this.#at = this.#bytes.length;
  }

  /** Passes on what was read since the last time. */
  #flush(): void {
    const bytes = this.#bytes;
    if (this.#at > this.#from)
      this.#out.push(this.#from === 0 && this.#at === bytes.length ? bytes : bytes.subarray(this.#from, this.#at));
  }
}

/** Returns the trailers that the last pieces of a chunked body end with. */
export function trailersOf(pieces: readonly Piece[]): [name: string, value: string][] {
  const last = pieces.at(-1);
  const trailers: [string, string][] = [];
  if (typeof last !== 'string' || !last.startsWith(LAST_CHUNK)) return trailers;
  forEachHeader(last.slice(LAST_CHUNK.length, -2), (name, value) => {
    trailers.push([name, value]);
    return true;
  });
  return trailers;
}

/** Returns trailers without those that must not be passed on; undefined when one is malformed. */
function filterTrailers(block: string): string | undefined {
  if (!HEADER_BLOCK.test(block)) return undefined;
  let filtered = '';
  forEachHeader(block, (name, value) => {
    const key = name.toLowerCase();
    if (!NEVER.has(key) && !isHopByHop(key) && !isInternalResponseHeader(key)) filtered += `${name}: ${value}\r\n`;
    return true;
  });
  return filtered;
}

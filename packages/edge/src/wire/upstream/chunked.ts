import { isHopByHop, isInternalResponseHeader } from '../../http/headers.ts';
import { eachField, LINES } from '../fields.ts';

export type Piece = Buffer | string;

const MAX_LINE = 4096;
const MAX_TRAILERS = 16 * 1024;
const SIZE = /^([0-9A-Fa-f]{1,8})[\t ]*(?:;[\t\x20-\x7e\x80-\xff]*)?$/;
/** Trailers may not say again where the message ends or whom it is for. */
const NEVER = new Set(['content-length', 'host', 'content-encoding', 'content-type', 'content-range', 'set-cookie', 'authorization', 'cache-control']);

/**
 * A chunked body on its way through: checked, and passed on as it is wherever it may be. Chunk extensions are left out,
 * trailers are read whole first.
 */
export class ChunkedBody {
  /** The whole body has come. What follows in the piece fed last was not used. */
  done = false;
  /** How much of the piece that was fed last belongs to the body. */
  used = 0;
  #state: 'size' | 'data' | 'after' | 'trailers' = 'size';
  #left = 0;
  #text = '';

  /**
   * What to pass on of the next bytes; undefined when they are no chunked body. `data` gets the bytes of the content.
   * After a chunk's bytes, `#left` counts the two of its line end.
   */
  feed(bytes: Buffer, data?: (content: Buffer) => void): Piece[] | undefined {
    const out: Piece[] = [];
    let at = 0;
    /** What is passed on as it is begins here. */
    let from = 0;
    const flush = (to: number): void => {
      if (to > from) out.push(from === 0 && to === bytes.length ? bytes : bytes.subarray(from, to));
    };
    while (at < bytes.length && !this.done) {
      if (this.#state === 'data') {
        const end = Math.min(bytes.length, at + this.#left);
        data?.(bytes.subarray(at, end));
        this.#left -= end - at;
        at = end;
        if (this.#left === 0) {
          this.#state = 'after';
          this.#left = 2;
        }
      } else if (this.#state === 'after') {
        if (bytes[at] !== (this.#left === 2 ? 0x0d : 0x0a)) return undefined;
        at++;
        if (--this.#left === 0) this.#state = 'size';
      } else if (this.#state === 'size') {
        const end = bytes.indexOf(0x0a, at);
        const part = bytes.toString('latin1', at, end === -1 ? bytes.length : end + 1);
        const line = this.#text + part;
        if (line.length > MAX_LINE) return undefined;
        if (end === -1) {
          flush(at);
          this.#text = line;
          from = at = bytes.length;
          break;
        }
        const size = line.endsWith('\r\n') ? SIZE.exec(line.slice(0, -2))?.[1] : undefined;
        if (size === undefined) return undefined;
        this.#left = Number.parseInt(size, 16);
        const whole = this.#text === '' && size.length === line.length - 2;
        if (this.#left === 0) {
          // The usual end is passed on as it is, too.
          if (whole && bytes[end + 1] === 0x0d && bytes[end + 2] === 0x0a) {
            at = end + 3;
            this.done = true;
            break;
          }
          flush(at);
          from = at = end + 1;
          this.#text = '';
          this.#state = 'trailers';
          continue;
        }
        if (!whole) {
          flush(at);
          out.push(`${size}\r\n`);
          from = end + 1;
          this.#text = '';
        }
        at = end + 1;
        this.#state = 'data';
      } else {
        const text = this.#text + bytes.toString('latin1', at, Math.min(bytes.length, at + MAX_TRAILERS + 4));
        const end = text.startsWith('\r\n') ? 0 : text.indexOf('\r\n\r\n') + 2;
        if (!text.startsWith('\r\n') && end === 1) {
          if (text.length > MAX_TRAILERS) return undefined;
          this.#text = text;
          from = at = bytes.length;
          break;
        }
        const kept = trailers(text.slice(0, end));
        if (kept === undefined) return undefined;
        out.push(`0\r\n${kept}\r\n`);
        from = at = at + end + 2 - this.#text.length;
        this.done = true;
      }
    }
    flush(at);
    this.used = at;
    return out;
  }
}

function trailers(block: string): string | undefined {
  if (!LINES.test(block)) return undefined;
  let kept = '';
  eachField(block, (name, value) => {
    const key = name.toLowerCase();
    if (!NEVER.has(key) && !isHopByHop(key) && !isInternalResponseHeader(key)) kept += `${name}: ${value}\r\n`;
    return true;
  });
  return kept;
}

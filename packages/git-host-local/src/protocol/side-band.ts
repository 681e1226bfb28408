import { packet } from './pkt-line.ts';

/** Fits the smaller of the two side-band sizes, so that it need not be known which one was agreed on. */
const MAX_TEXT_BYTES = 900;
const PROGRESS = Buffer.from([2]);
const ERROR = Buffer.from([3]);

/**
 * Returns lines for the pusher's terminal (git shows them as "remote: …"), as progress packets. Control sequences are
 * removed.
 */
export function progress(lines: readonly string[]): Buffer {
  return Buffer.concat(
    lines.flatMap((line) =>
      pieces(plain(line)).map((piece) => packet(Buffer.concat([PROGRESS, Buffer.from(`${piece}\n`)]))),
    ),
  );
}

/**
 * Returns a line on the side band of errors: git shows it and exits with an error, whatever was reported of the refs.
 */
export const fatal = (line: string): Buffer =>
  packet(Buffer.concat([ERROR, Buffer.from(`${plain(line).slice(0, MAX_TEXT_BYTES / 4)}\n`)]));

/** An empty packet: shows nothing, keeps the connection alive. */
export const KEEP_ALIVE = packet(PROGRESS);

/**
 * Removes escape sequences and control characters; tabs become spaces. Of a line that redraws itself, the last state is
 * returned.
 */
export function plain(text: string): string {
  const last = text.replace(/\r+$/, '').split('\r').at(-1) ?? '';
  return last
    .replace(/\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[@-Z\\-_]/g, '')
    .replace(/\t/g, '  ')
    .replace(/[\x00-\x1f\x7f-\x9f]/g, '');
}

/** Pieces of at most 900 bytes that cut no character in two. */
function pieces(text: string): readonly string[] {
  if (Buffer.byteLength(text) <= MAX_TEXT_BYTES) return [text];
  const all: string[] = [];
  let piece = '';
  let size = 0;
  for (const char of text) {
    const bytes = Buffer.byteLength(char);
    if (size + bytes > MAX_TEXT_BYTES) {
      all.push(piece);
      [piece, size] = ['', 0];
    }
    piece += char;
    size += bytes;
  }
  return [...all, piece];
}

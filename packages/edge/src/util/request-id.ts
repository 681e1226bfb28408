import { randomFillSync } from 'node:crypto';

/** Generated in batches: a call for randomness costs more than its use. */
const BATCH = 128;
const LENGTH = 36;
const random = Buffer.allocUnsafeSlow(BATCH * 16);
/** Hyphens stay, digits are overwritten. */
const text = Buffer.allocUnsafeSlow(BATCH * LENGTH).fill('-');
const DIGITS = Buffer.from(
  Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0')).join(''),
  'latin1',
);
let ids = '';
let used = BATCH;

/** Returns a random UUID, like randomUUID() but as a flat string: the other is flattened again at each write. */
export function newRequestId(): string {
  if (used === BATCH) fill();
  const from = used++ * LENGTH;
  return ids.slice(from, from + LENGTH);
}

function fill(): void {
  randomFillSync(random);
  for (let i = 0, to = 0; i < random.length; i++) {
    const at = i % 16;
    if (at === 4 || at === 6 || at === 8 || at === 10) to++;
    const byte = random[i] ?? 0;
    // Version 4, variant 1 (RFC 9562, 5.4).
    const digits = 2 * (at === 6 ? (byte & 0x0f) | 0x40 : at === 8 ? (byte & 0x3f) | 0x80 : byte);
    text[to++] = DIGITS[digits] ?? 0;
    text[to++] = DIGITS[digits + 1] ?? 0;
  }
  ids = text.toString('latin1');
  used = 0;
}

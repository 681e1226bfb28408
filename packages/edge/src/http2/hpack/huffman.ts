/** Code lengths by symbol (RFC 7541, appendix B); the last is EOS. The code is canonical: lengths determine it. */
const LENGTHS = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28,
  28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
  13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6, 15, 5, 6, 5, 6,
  5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28, 20, 22, 20, 20, 22, 22, 22, 23,
  22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24, 22, 21, 20, 22, 22,
  23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23, 26, 26,
  20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27,
  27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27,
  27, 27, 27, 26, 30,
];
const EOS = 256;
const NIBBLES = 16;
/** Bits of a transition below its symbol: the next state, whether a symbol ends here, whether the code is invalid. */
const STATE_MASK = 0xff;
const EMITS = 0x100;
const FAILS = 0x200;
const SYMBOL_SHIFT = 16;
/** Padding is at most this many bits of ones (RFC 7541, 5.2). */
const MAX_PADDING = 7;

/** An inner node of the code's tree. A child is another node, or a symbol as `~symbol`. */
type Node = [zero: number, one: number];

const CODES = canonicalCodes();
const { transitions: TRANSITIONS, accepting: ACCEPTING } = decodingTables();

function canonicalCodes(): Uint32Array {
  const codes = new Uint32Array(LENGTHS.length);
  const symbols = LENGTHS.map((length, symbol) => ({ length, symbol }));
  symbols.sort((a, b) => a.length - b.length || a.symbol - b.symbol);
  let code = 0;
  let last = 0;
  for (const { length, symbol } of symbols) {
    code *= 2 ** (length - last);
    codes[symbol] = code++;
    last = length;
  }
  return codes;
}

function codeTree(): Node[] {
  const nodes: Node[] = [[0, 0]];
  LENGTHS.forEach((length, symbol) => {
    let node = nodes[0];
    for (let bit = length - 1; bit >= 0 && node !== undefined; bit--) {
      const side = ((CODES[symbol] ?? 0) >>> bit) & 1;
      if (bit === 0) node[side] = ~symbol;
      else if (node[side] === 0) node[side] = nodes.push([0, 0]) - 1;
      node = nodes[node[side] ?? 0];
    }
  });
  return nodes;
}

/** Builds a state machine that reads four bits at a time: at most one symbol ends in them. */
function decodingTables(): Readonly<{ transitions: Uint32Array; accepting: Uint8Array }> {
  const nodes = codeTree();
  const transitions = new Uint32Array(nodes.length * NIBBLES);
  for (let state = 0; state < nodes.length; state++) {
    for (let nibble = 0; nibble < NIBBLES; nibble++) {
      let at = state;
      let emitted = 0;
      for (let bit = 3; bit >= 0; bit--) {
        const next = nodes[at]?.[(nibble >>> bit) & 1] ?? 0;
        if (next === ~EOS) emitted = FAILS;
        else if (next < 0) emitted = EMITS | (~next << SYMBOL_SHIFT);
        at = next < 0 ? 0 : next;
      }
      transitions[state * NIBBLES + nibble] = at | emitted;
    }
  }
  const accepting = new Uint8Array(nodes.length);
  for (let depth = 0, at = 0; depth <= MAX_PADDING; depth++) {
    accepting[at] = 1;
    at = nodes[at]?.[1] ?? 0;
  }
  return { transitions, accepting };
}

/** Longer strings are decoded into memory of their own. */
let scratch = Buffer.allocUnsafeSlow(16 * 1024);

/** Decodes a Huffman-coded string; undefined when it is invalid. */
export function decodeHuffman(bytes: Buffer, from: number, to: number): string | undefined {
  // The shortest code has five bits.
  const longest = Math.ceil(((to - from) * 8) / 5);
  if (longest > scratch.length) scratch = Buffer.allocUnsafeSlow(longest);
  const out = scratch;
  let length = 0;
  let state = 0;
  for (let at = from; at < to; at++) {
    const byte = bytes[at] ?? 0;
    const high = TRANSITIONS[state * NIBBLES + (byte >>> 4)] ?? FAILS;
    if ((high & EMITS) !== 0) out[length++] = high >>> SYMBOL_SHIFT;
    const low = TRANSITIONS[(high & STATE_MASK) * NIBBLES + (byte & 15)] ?? FAILS;
    if ((low & EMITS) !== 0) out[length++] = low >>> SYMBOL_SHIFT;
    if (((high | low) & FAILS) !== 0) return undefined;
    state = low & STATE_MASK;
  }
  return ACCEPTING[state] === 1 ? out.toString('latin1', 0, length) : undefined;
}

/** Returns how many bytes a string (latin1) has when it is coded. */
export function huffmanLength(text: string): number {
  let bits = 0;
  for (let i = 0; i < text.length; i++) bits += LENGTHS[text.charCodeAt(i) & 0xff] ?? 0;
  return (bits + 7) >>> 3;
}

/** Writes a coded string at `at`. Returns where it ends. */
export function writeHuffman(bytes: Buffer, at: number, text: string): number {
  let to = at;
  /** Bits that do not fill a byte yet. */
  let pending = 0;
  let count = 0;
  for (let i = 0; i < text.length; i++) {
    const symbol = text.charCodeAt(i) & 0xff;
    const length = LENGTHS[symbol] ?? 0;
    const code = CODES[symbol] ?? 0;
    for (let left = length; left > 0;) {
      const take = Math.min(8 - count, left);
      pending = (pending << take) | ((code >>> (left - take)) & ((1 << take) - 1));
      count += take;
      left -= take;
      if (count < 8) continue;
      bytes[to++] = pending;
      pending = 0;
      count = 0;
    }
  }
  if (count > 0) bytes[to++] = (pending << (8 - count)) | (0xff >>> count);
  return to;
}

import { canonical } from './char-set.ts';
import { BACKWARD, OP, type Program } from './program.ts';

/** How many instructions may still run, and whether they were enough. Shared by all expressions of a request. */
export type Budget = { left: number };

/** Reports an evaluation that reached its limit. */
export class OverBudget extends Error {}

/** 4 MB of positions. */
const MAX_WORDS = 1024 * 1024;
/** A bit for each row and position from which all failed: of the one search that runs. */
let seen = new Uint32Array(0);

/**
 * Backtracks through a program as ECMA-262 specifies, but never twice from the same failure. What failed from an
 * instruction and a position fails again, since only a back reference reads captures. So the time grows with
 * instructions × length, whatever the expression. Back references and lookarounds within loops may take more, up to the
 * budget.
 */
export class Matcher {
  readonly #program: Program;
  readonly #slots: Int32Array;
  readonly #remembers: boolean;
  readonly #stack: number[] = [];
  #rowWords = 0;
  #budget: Budget = { left: 0 };

  constructor(program: Program) {
    this.#program = program;
    this.#slots = new Int32Array(program.slots);
    this.#remembers = program.rows > 0 && program.references.length === 0;
  }

  /** Positions of the captures, two a group, -1 for none; valid until the next call. Throws OverBudget. */
  find(text: string, budget: Budget): Int32Array | undefined {
    const { anchored, rows } = this.#program;
    this.#budget = budget;
    if (this.#remembers) {
      this.#rowWords = (text.length + 32) >>> 5;
      const words = rows * this.#rowWords;
      if (words > MAX_WORDS) throw new OverBudget();
      budget.left -= words >>> 2;
      if (seen.length < words) seen = new Uint32Array(words);
      else seen.fill(0, 0, words);
    }
    for (let start = 0; start <= (anchored ? 0 : text.length); start++) {
      this.#slots.fill(-1);
      this.#stack.length = 0;
      if (this.#run(text, 0, start)) return this.#slots;
    }
    return undefined;
  }

  /**
   * Runs the program from `begin` at a position. One loop over one switch, and longer than other functions on purpose:
   * every character of a request's path passes here, and the position, the program counter and the stack stay local
   * variables.
   */
  #run(text: string, begin: number, at: number): boolean {
    const { op, x, y, sets } = this.#program;
    const stack = this.#stack;
    const slots = this.#slots;
    const base = stack.length;
    let pc = begin;
    let pos = at;
    for (;;) {
      if (--this.#budget.left < 0) throw new OverBudget();
      let fits = true;
      const a = x[pc] ?? 0;
      switch (op[pc]) {
        case OP.match:
          return true;
        case OP.char:
        case OP.letter:
        case OP.set: {
          const back = y[pc] === BACKWARD;
          // NaN outside of the text.
          const code = text.charCodeAt(back ? pos - 1 : pos);
          fits =
            op[pc] === OP.char
              ? code === a
              : op[pc] === OP.letter
                ? code < 128 && (code | 32) === a
                : code >= 0 && sets[a]?.has(code) === true;
          pos += back ? -1 : 1;
          pc++;
          break;
        }
        case OP.split:
          stack.push(pos, y[pc] ?? 0);
          pc = a;
          break;
        case OP.jump:
          pc = a;
          break;
        case OP.save:
          stack.push(slots[a] ?? -1, ~a);
          slots[a] = pos;
          pc++;
          break;
        case OP.forget:
          for (let slot = a; slot < (y[pc] ?? 0); slot++) {
            if (slots[slot] === -1) continue;
            stack.push(slots[slot] ?? -1, ~slot);
            slots[slot] = -1;
          }
          pc++;
          break;
        case OP.progress:
          fits = slots[a] !== pos;
          pc++;
          break;
        case OP.once:
          if (this.#remembers) {
            fits = !this.#failed(a, pos);
            // Comes up again when all else that was pushed after it has failed.
            if (fits) stack.push(pos, ~(slots.length + a));
          }
          pc++;
          break;
        case OP.look: {
          fits = this.#look(text, pc, pos);
          pc = a;
          break;
        }
        case OP.reference: {
          const length = this.#repeated(text, pc, pos);
          fits = length >= 0;
          pos += ((y[pc] ?? 0) & BACKWARD) === 0 ? length : -length;
          pc++;
          break;
        }
        default:
          fits = holds(op[pc] ?? 0, text, pos);
          pc++;
      }
      if (fits) continue;
      for (;;) {
        if (stack.length === base) return false;
        const where = stack.pop() ?? 0;
        const value = stack.pop() ?? 0;
        if (where < 0) {
          if (~where < slots.length) slots[~where] = value;
          else this.#fail(~where - slots.length, value);
          continue;
        }
        pc = where;
        pos = value;
        break;
      }
    }
  }

  #failed(row: number, pos: number): boolean {
    return ((seen[row * this.#rowWords + (pos >>> 5)] ?? 0) & (1 << (pos & 31))) !== 0;
  }

  #fail(row: number, pos: number): void {
    const at = row * this.#rowWords + (pos >>> 5);
    seen[at] = (seen[at] ?? 0) | (1 << (pos & 31));
  }

  /**
   * Evaluates a lookaround. After a match its state is dropped for good, except for the captures, which may be undone
   * later.
   */
  #look(text: string, pc: number, pos: number): boolean {
    const negated = this.#program.y[pc] === 1;
    const stack = this.#stack;
    const slots = this.#slots;
    const base = stack.length;
    if (!this.#run(text, pc + 1, pos)) return negated;
    this.#forget(pc);
    if (negated) {
      while (stack.length > base) {
        const where = stack.pop() ?? 0;
        const value = stack.pop() ?? 0;
        if (where < 0 && ~where < slots.length) slots[~where] = value;
      }
      return false;
    }
    let length = base;
    for (let i = base; i < stack.length; i += 2) {
      const where = stack[i + 1] ?? 0;
      if (where >= 0 || ~where >= slots.length) continue;
      stack[length++] = stack[i] ?? 0;
      stack[length++] = where;
    }
    stack.length = length;
    return true;
  }

  /**
   * Forgets failures on the way to a match that may depend on the rule that a loop's round must not be empty. They make
   * no difference when everything fails, but here something matched.
   */
  #forget(pc: number): void {
    const [from, to] = this.#program.rowsOf.get(pc) ?? [0, 0];
    if (!this.#remembers || to === from) return;
    seen.fill(0, from * this.#rowWords, to * this.#rowWords);
    this.#budget.left -= ((to - from) * this.#rowWords) >>> 2;
  }

  /** Returns the length of the captured text when it is repeated here; -1 when it is not. */
  #repeated(text: string, pc: number, pos: number): number {
    const { x, y, references } = this.#program;
    const slots = this.#slots;
    const group = references[x[pc] ?? 0]?.find((one) => (slots[2 * one] ?? -1) >= 0 && (slots[2 * one + 1] ?? -1) >= 0);
    if (group === undefined) return 0;
    const start = slots[2 * group] ?? 0;
    const length = (slots[2 * group + 1] ?? 0) - start;
    const from = ((y[pc] ?? 0) & BACKWARD) === 0 ? pos : pos - length;
    if (from < 0 || from + length > text.length) return -1;
    this.#budget.left -= length;
    const folds = ((y[pc] ?? 0) & 1) === 1;
    for (let i = 0; i < length; i++) {
      const a = text.charCodeAt(start + i);
      const b = text.charCodeAt(from + i);
      if (a !== b && !(folds && canonical(a) === canonical(b))) return -1;
    }
    return length;
  }
}

const isWord = (code: number): boolean =>
  (code >= 48 && code <= 57) || (code >= 65 && code <= 90) || code === 95 || (code >= 97 && code <= 122);
const isLineEnd = (code: number): boolean => code === 10 || code === 13 || code === 0x2028 || code === 0x2029;

function holds(op: number, text: string, pos: number): boolean {
  switch (op) {
    case OP.start:
      return pos === 0;
    case OP.end:
      return pos === text.length;
    case OP.lineStart:
      return pos === 0 || isLineEnd(text.charCodeAt(pos - 1));
    case OP.lineEnd:
      return pos === text.length || isLineEnd(text.charCodeAt(pos));
    default:
      return (isWord(text.charCodeAt(pos - 1)) !== isWord(text.charCodeAt(pos))) === (op === OP.boundary);
  }
}

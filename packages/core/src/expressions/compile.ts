import { RegExpParser, visitRegExpAST, type AST } from '@eslint-community/regexpp';
import { CharSet } from './char-set.ts';
import { BACKWARD, OP, type Program } from './program.ts';

/** Counted repetition is written out: this many instructions at most. */
const MAX_INSTRUCTIONS = 20_000;
/** Limits the steps of writing an expression out, also where they produce no instruction: `(?:){1000000000}`. */
const MAX_STEPS = 2 * MAX_INSTRUCTIONS;
export const MAX_SOURCE = 16 * 1024;

/** Reports an expression that is valid, but larger than the limit. */
export class TooComplex extends Error {}

type Flags = Readonly<{ i: boolean; m: boolean; s: boolean }>;
type Alternatives = readonly AST.Alternative[];

/** Compiles an expression as `new RegExp(source, flags)` reads it. Throws SyntaxError and TooComplex. */
export function compile(source: string, flags: string): Program {
  if (source.length > MAX_SOURCE)
    throw new TooComplex(`It has ${source.length} characters; ${MAX_SOURCE} are evaluated`);
  void new RegExp(source, flags);
  let pattern: AST.Pattern;
  try {
    pattern = new RegExpParser({ ecmaVersion: 2025 }).parsePattern(source, 0, source.length, {
      unicode: false,
      unicodeSets: false,
    });
    return new Compiler(pattern).compile({ i: flags.includes('i'), m: flags.includes('m'), s: flags.includes('s') });
  } catch (error) {
    if (error instanceof TooComplex) throw error;
    throw new TooComplex(
      error instanceof RangeError ? 'It is nested too deeply' : 'It uses a syntax that is not evaluated',
    );
  }
}

class Compiler {
  readonly #op: number[] = [];
  readonly #x: number[] = [];
  readonly #y: number[] = [];
  readonly #sets: CharSet[] = [];
  readonly #setAt = new Map<string, number>();
  readonly #references: (readonly number[])[] = [];
  readonly #rowsOf = new Map<number, readonly [number, number]>();
  readonly #groups = new Map<AST.CapturingGroup, number>();
  readonly #pattern: AST.Pattern;
  readonly #starts: readonly number[];
  #steps = 0;
  #rows = 0;
  #slots = 0;

  constructor(pattern: AST.Pattern) {
    this.#pattern = pattern;
    for (const group of groupsIn(pattern)) this.#groups.set(group, this.#groups.size + 1);
    this.#starts = [...this.#groups.keys()].map(({ start }) => start);
    this.#slots = 2 * (this.#groups.size + 1);
  }

  compile(flags: Flags): Program {
    const { alternatives } = this.#pattern;
    this.#emit(OP.save, 0);
    this.#choose(alternatives, flags, false);
    this.#emit(OP.save, 1);
    this.#emit(OP.match);
    const names = new Map<string, number[]>();
    for (const [{ name }, index] of this.#groups)
      if (name !== null) names.set(name, [...(names.get(name) ?? []), index]);
    return {
      op: this.#op,
      x: this.#x,
      y: this.#y,
      sets: this.#sets,
      references: this.#references,
      rows: this.#rows,
      rowsOf: this.#rowsOf,
      slots: this.#slots,
      groups: this.#groups.size + 1,
      names: [...names],
      anchored:
        !flags.m &&
        alternatives.every(({ elements: [first] }) => first?.type === 'Assertion' && first.kind === 'start'),
    };
  }

  #emit(op: number, x = 0, y = 0): number {
    if (this.#op.length >= MAX_INSTRUCTIONS) throw new TooComplex('Its repetitions are too large');
    this.#op.push(op);
    this.#x.push(x);
    this.#y.push(y);
    return this.#op.length - 1;
  }

  get #here(): number {
    return this.#op.length;
  }

  /** Marks a position where paths that split may meet again: what failed from here is not tried a second time. */
  #meet(): void {
    this.#emit(OP.once, this.#rows++);
  }

  #choose(alternatives: Alternatives, flags: Flags, backward: boolean): void {
    const ends: number[] = [];
    alternatives.forEach((alternative, i) => {
      const last = i === alternatives.length - 1;
      const split = last ? -1 : this.#emit(OP.split, this.#here + 1);
      const { elements } = alternative;
      for (const element of backward ? elements.toReversed() : elements) this.#element(element, flags, backward);
      if (last) return;
      ends.push(this.#emit(OP.jump));
      this.#y[split] = this.#here;
    });
    for (const end of ends) this.#x[end] = this.#here;
    if (ends.length > 0) this.#meet();
  }

  #element(element: AST.Element, flags: Flags, backward: boolean): void {
    if (++this.#steps > MAX_STEPS) throw new TooComplex('Its repetitions are too large');
    switch (element.type) {
      case 'Character':
        return this.#character(element.value, flags, backward);
      case 'CharacterClass':
      case 'CharacterSet':
        return this.#set(element.raw, flagsText(flags), backward);
      case 'Group': {
        const { modifiers } = element;
        const { add, remove } = modifiers ?? {};
        return this.#choose(
          element.alternatives,
          {
            i: (flags.i || add?.ignoreCase === true) && remove?.ignoreCase !== true,
            m: (flags.m || add?.multiline === true) && remove?.multiline !== true,
            s: (flags.s || add?.dotAll === true) && remove?.dotAll !== true,
          },
          backward,
        );
      }
      case 'CapturingGroup': {
        const slot = 2 * (this.#groups.get(element) ?? 0);
        this.#emit(OP.save, backward ? slot + 1 : slot);
        this.#choose(element.alternatives, flags, backward);
        this.#emit(OP.save, backward ? slot : slot + 1);
        return;
      }
      case 'Backreference': {
        const groups = [element.resolved].flat().map((group) => this.#groups.get(group) ?? 0);
        this.#emit(OP.reference, this.#references.push(groups) - 1, (flags.i ? 1 : 0) + (backward ? BACKWARD : 0));
        return;
      }
      case 'Assertion':
        return this.#assertion(element, flags);
      case 'Quantifier':
        return this.#repeat(element, flags, backward);
      case 'ExpressionCharacterClass':
        throw new TooComplex('Set notation is not evaluated');
    }
  }

  #character(code: number, flags: Flags, backward: boolean): void {
    const y = backward ? BACKWARD : 0;
    if (!flags.i || (code < 128 && !/[a-z]/i.test(String.fromCharCode(code)))) this.#emit(OP.char, code, y);
    else if (code < 128) this.#emit(OP.letter, code | 32, y);
    else this.#set(`\\u${code.toString(16).padStart(4, '0')}`, 'i', backward);
  }

  #set(source: string, flags: string, backward: boolean): void {
    const key = `${flags}/${source}`;
    let at = this.#setAt.get(key);
    if (at === undefined) this.#setAt.set(key, (at = this.#sets.push(CharSet.of(source, flags)) - 1));
    this.#emit(OP.set, at, backward ? BACKWARD : 0);
  }

  #assertion(assertion: AST.Assertion, flags: Flags): void {
    switch (assertion.kind) {
      case 'start':
        return void this.#emit(flags.m ? OP.lineStart : OP.start);
      case 'end':
        return void this.#emit(flags.m ? OP.lineEnd : OP.end);
      case 'word':
        return void this.#emit(assertion.negate ? OP.noBoundary : OP.boundary);
      case 'lookahead':
      case 'lookbehind': {
        const look = this.#emit(OP.look, 0, assertion.negate ? 1 : 0);
        const from = this.#rows;
        this.#choose(assertion.alternatives, flags, assertion.kind === 'lookbehind');
        this.#emit(OP.match);
        this.#x[look] = this.#here;
        this.#rowsOf.set(look, [from, this.#rows]);
      }
    }
  }

  #repeat({ min, max, greedy, element }: AST.Quantifier, flags: Flags, backward: boolean): void {
    const [first, end] = this.#groupsWithin(element);
    const round = (mayBeEmpty: boolean): void => {
      const slot = mayBeEmpty ? this.#slots++ : -1;
      if (mayBeEmpty) this.#emit(OP.save, slot);
      if (first < end) this.#emit(OP.forget, 2 * first, 2 * end);
      this.#element(element, flags, backward);
      if (mayBeEmpty) this.#emit(OP.progress, slot);
    };
    for (let i = 0; i < min; i++) round(false);
    const checked = canBeEmpty(element);
    if (max === Infinity) {
      const head = this.#here;
      this.#meet();
      const split = this.#emit(OP.split);
      round(checked);
      this.#emit(OP.jump, head);
      this.#aim(split, greedy);
      return;
    }
    const splits: number[] = [];
    for (let i = min; i < max; i++) {
      splits.push(this.#emit(OP.split));
      round(checked);
    }
    for (const split of splits) this.#aim(split, greedy);
    if (splits.length > 0) this.#meet();
  }

  /**
   * Returns the numbers of the groups within an element: they are consecutive, in the order of their start in the text.
   */
  #groupsWithin({ start, end }: AST.Element): readonly [first: number, end: number] {
    return [1 + firstFrom(this.#starts, start), 1 + firstFrom(this.#starts, end)];
  }

  /** Sets where a split leads: into what follows it, and out to here. */
  #aim(split: number, greedy: boolean): void {
    this.#x[split] = greedy ? split + 1 : this.#here;
    this.#y[split] = greedy ? this.#here : split + 1;
  }
}

const flagsText = ({ i, s }: Flags): string => (i ? 'i' : '') + (s ? 's' : '');

/** Returns the groups in the order of their start. */
function groupsIn(pattern: AST.Pattern): readonly AST.CapturingGroup[] {
  const groups: AST.CapturingGroup[] = [];
  visitRegExpAST(pattern, { onCapturingGroupEnter: (group) => void groups.push(group) });
  return groups;
}

/** Returns the index of the first ascending number that is not below the limit. */
function firstFrom(numbers: readonly number[], limit: number): number {
  let low = 0;
  let high = numbers.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((numbers[middle] ?? 0) < limit) low = middle + 1;
    else high = middle;
  }
  return low;
}

function canBeEmpty(node: AST.Alternative | AST.Element): boolean {
  switch (node.type) {
    case 'Character':
    case 'CharacterClass':
    case 'CharacterSet':
    case 'ExpressionCharacterClass':
      return false;
    case 'Quantifier':
      return node.min === 0 || canBeEmpty(node.element);
    case 'Group':
    case 'CapturingGroup':
      return node.alternatives.some(canBeEmpty);
    case 'Alternative':
      return node.elements.every(canBeEmpty);
    case 'Assertion':
    case 'Backreference':
      return true;
  }
}

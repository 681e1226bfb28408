import { TooComplex } from '@anchor/core/expressions/compile.ts';
import { Expression, type Match } from '@anchor/core/expressions/expression.ts';
import { OverBudget, type Budget } from '@anchor/core/expressions/match.ts';

/** Cost of compiling one character of an expression, in instructions of matching. */
const PER_CHARACTER = 100;
/** And what each instruction costs that it comes to: a short text can come to many. */
const PER_INSTRUCTION = 10;
/**
 * Instructions of all sites that are kept compiled, of about 24 bytes; and what an expression counts beside its own.
 */
const MAX_CACHED_WEIGHT = 1_000_000;
const ENTRY_OVERHEAD = 50;
/** A shorter prefix suffices to separate rules: a comparison costs nothing of the project's budget. */
const MAX_LITERAL = 64;

/** Those that are compiled, oldest first. */
const compiledPatterns = new Set<Pattern>();
let cachedWeight = 0;

/**
 * Matches an expression of a project's rule. A text without its literal start or end is refused by that alone, so that
 * most rules of a long list are never compiled. The time of an expression counts against the project's budget.
 */
export class Pattern {
  readonly #source: string;
  readonly #flags: string;
  readonly #start: string;
  readonly #lowerStart: string | undefined;
  readonly #end: string;
  #expression: Expression | undefined;
  #tooComplex: string | undefined;
  #weight = 0;

  /** Throws what `RegExp` throws for text that is no expression. */
  constructor(source: string, flags = '') {
    void new RegExp(source, flags);
    this.#source = source;
    this.#flags = flags;
    this.#start = literalStart(source, flags.includes('i'));
    this.#lowerStart = flags.includes('i') ? lower(this.#start) : undefined;
    this.#end = literalEnd(source);
  }

  /** Throws OverBudget, also for an expression that is too large to be evaluated. */
  exec(text: string, budget: Budget): Match | undefined {
    if (!this.#mayMatch(text)) return undefined;
    return (this.#expression ?? this.#compile(budget)).exec(text, budget);
  }

  #compile(budget: Budget): Expression {
    if (this.#tooComplex !== undefined) throw new OverBudget(this.#tooComplex);
    budget.left -= this.#source.length * PER_CHARACTER;
    if (budget.left < 0) throw new OverBudget();
    try {
      const expression = new Expression(this.#source, this.#flags);
      budget.left -= expression.size * PER_INSTRUCTION;
      this.#keep(expression);
      return expression;
    } catch (error) {
      if (!(error instanceof TooComplex)) throw error;
      throw new OverBudget((this.#tooComplex = error.message));
    }
  }

  /** Caches it for later requests; the oldest are evicted. */
  #keep(expression: Expression): void {
    this.#expression = expression;
    this.#weight = ENTRY_OVERHEAD + expression.size + Math.ceil(this.#source.length / 10);
    cachedWeight += this.#weight;
    compiledPatterns.add(this);
    for (const oldest of compiledPatterns) {
      if (cachedWeight <= MAX_CACHED_WEIGHT || oldest === this) return;
      compiledPatterns.delete(oldest);
      oldest.#expression = undefined;
      cachedWeight -= oldest.#weight;
    }
  }

  #mayMatch(text: string): boolean {
    if (!text.endsWith(this.#end)) return false;
    const start = this.#start;
    if (text.startsWith(start)) return true;
    return (
      this.#lowerStart !== undefined &&
      text.length >= start.length &&
      lower(text.slice(0, start.length)) === this.#lowerStart
    );
  }
}

/** Lowers the case of ASCII letters alone. */
const lower = (text: string): string => text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());

/** Returns the prefix that every match starts with: the characters after "^", up to the first that is not a literal. */
export function literalStart(source: string, anyCase: boolean): string {
  if (!source.startsWith('^') || hasTopLevelAlternatives(source)) return '';
  let start = '';
  for (let i = 1; i < source.length && start.length < MAX_LITERAL;) {
    const escaped = source[i] === '\\';
    const char = source.charAt(escaped ? i + 1 : i);
    const plain = escaped ? /^[/.\-#&]$/.test(char) : /^[\w/\-~!@%&=:;,<>"' ]$/.test(char);
    // Beyond ASCII, comparing letters cannot decide equality without case.
    if (!plain || (anyCase && char > '\x7f')) break;
    const next = source.charAt(escaped ? i + 2 : i + 1);
    if (next !== '' && '*+?{'.includes(next)) break;
    start += char;
    i += escaped ? 2 : 1;
  }
  return start;
}

/**
 * Returns the escaped character with which every match ends, where "$" follows it: "/" of the rules for trailing
 * slashes.
 */
export function literalEnd(source: string): string {
  const [, escapes = '', char = ''] = /(\\+)([/.-])\$$/.exec(source) ?? [];
  return escapes.length % 2 === 0 || hasTopLevelAlternatives(source) ? '' : char;
}

function hasTopLevelAlternatives(source: string): boolean {
  let depth = 0;
  let inClass = false;
  for (let i = 0; i < source.length; i++) {
    const char = source[i];
    if (char === '\\') i++;
    else if (inClass) inClass = char !== ']';
    else if (char === '[') inClass = true;
    else if (char === '(') depth++;
    else if (char === ')') depth--;
    else if (char === '|' && depth === 0) return true;
  }
  return false;
}

import { compile } from './compile.ts';
import { Matcher, type Budget } from './match.ts';

/** The match and its captures, as `RegExp.prototype.exec` returns them: 0 is the whole match. */
export type Match = Readonly<{
  captures: readonly (string | undefined)[];
  groups: Readonly<Record<string, string | undefined>> | undefined;
}>;

/**
 * Evaluates a regular expression of a project with V8's semantics, in time linear in its length × the text's. No
 * expression delays a process that serves other projects too.
 */
export class Expression {
  readonly source: string;
  /** How many instructions it came to. */
  readonly size: number;
  readonly #matcher: Matcher;
  readonly #names: readonly (readonly [string, readonly number[]])[];
  readonly #count: number;

  /**
   * Compiles an expression. `flags`: of i, m and s. Throws SyntaxError for what `RegExp` refuses, TooComplex above the
   * size limit.
   */
  constructor(source: string, flags = '') {
    const program = compile(source, flags);
    this.source = source;
    this.size = program.op.length;
    this.#matcher = new Matcher(program);
    this.#names = program.names;
    this.#count = program.groups;
  }

  /** Throws OverBudget. */
  exec(text: string, budget: Budget): Match | undefined {
    const found = this.#matcher.find(text, budget);
    if (found === undefined) return undefined;
    const captures: (string | undefined)[] = [];
    for (let i = 0; i < this.#count; i++) {
      const start = found[2 * i] ?? -1;
      const end = found[2 * i + 1] ?? -1;
      captures.push(start < 0 || end < 0 ? undefined : text.slice(start, end));
    }
    if (this.#names.length === 0) return { captures, groups: undefined };
    const groups: Record<string, string | undefined> = Object.create(null);
    for (const [name, indexes] of this.#names) {
      groups[name] = captures[indexes.find((index) => captures[index] !== undefined) ?? indexes[0] ?? 0];
    }
    return { captures, groups };
  }

  test(text: string, budget: Budget): boolean {
    return this.#matcher.find(text, budget) !== undefined;
  }
}

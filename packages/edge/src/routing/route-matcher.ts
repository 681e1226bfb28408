import type { Headers } from '../http/headers.ts';
import type { WebComponent } from '@anchor/protocol/artifact/web/component.ts';
import type { Route } from '@anchor/protocol/artifact/web/rules.ts';
import type { Match } from '@anchor/core/expressions/expression.ts';
import { OverBudget, type Budget } from '@anchor/core/expressions/match.ts';
import { withQuery } from '@anchor/protocol/route-rules.ts';
import { compileRule, substitute, type Rule } from './rule.ts';
import type { RequestView } from './conditions.ts';

/** The routing decision before a file or page is looked up. */
export type Decision =
  /** `pages` false: a rewrite may come before the prerendered page of this path. */
  | Readonly<{ kind: 'pass'; headers: Headers; pages: boolean }>
  | Readonly<{ kind: 'redirect'; status: number; location: string; headers: Headers }>
  | Readonly<{ kind: 'function' }>
  /** The project's rules took all the time that they have here: this once the function decides. */
  | Readonly<{ kind: 'too long' }>;

type Step = Readonly<{ rule: Rule; match: Match; phase: 'middleware' | 'before' | 'files' | 'after' | 'match' }>;
type Plan = Readonly<{ steps: readonly Step[]; conditional: boolean; fixed: Decision | undefined }> & {
  /** The last decision. */
  last?: Decision;
};

const NO_HEADERS: Headers = [];
const PASS: Decision = { kind: 'pass', headers: NO_HEADERS, pages: true };
const FUNCTION: Decision = { kind: 'function' };
const TOO_LONG: Decision = { kind: 'too long' };
/**
 * Memory limit of one site's plans, and the weight of one beside its path, for each step and for each of its captures.
 */
const MAX_WEIGHT = 256 * 1024;
const PLAN_WEIGHT = 100;
const STEP_WEIGHT = 250;
const CAPTURE_WEIGHT = 20;
const MAX_REMEMBERED_PATH = 512;

/**
 * Evaluates the routing rules of one artifact. Expressions run once per path and their matches are cached as a plan.
 * Where no rule depends on more than the path, the decision is cached too.
 */
export class RouteMatcher {
  readonly #phases: readonly (readonly [Step['phase'], readonly Rule[]])[];
  readonly #plans = new Map<string, Plan>();
  #weight = 0;
  readonly #none: boolean;
  /** Rewrites where a path has no file, with their targets. */
  readonly #withoutFile: readonly Readonly<{ rule: Rule; target: string }>[];
  /** Some rule depends on the client's address. */
  readonly dependsOnClientAddress: boolean;
  /** A rule is none that can be read: only the function decides. */
  readonly #functionOnly: boolean;

  constructor(web: Readonly<Partial<WebComponent>> & Readonly<{ undecided?: boolean }>) {
    const routing = web.routing;
    const broken: Route[] = [];
    const compile = (routes: readonly Route[] = []): readonly Rule[] =>
      routes.flatMap((route) => {
        const rule = compileRule(route);
        if (rule === undefined) broken.push(route);
        return rule === undefined ? [] : [rule];
      });
    this.#phases = [
      ['middleware', compile(routing?.middlewareMatchers)],
      ['before', compile(routing?.beforeMiddleware)],
      ['files', compile(routing?.beforeFiles)],
      ['after', compile(routing?.afterFiles)],
      ['match', compile(routing?.onMatch)],
    ];
    this.#withoutFile = (routing?.withoutFile ?? []).flatMap((route) =>
      compile([route]).map((rule) => ({ rule, target: route.destination ?? '' })),
    );
    this.#none = this.#phases.every(([, rules]) => rules.length === 0);
    this.dependsOnClientAddress = [
      ...this.#phases.flatMap(([, rules]) => rules),
      ...this.#withoutFile.map(({ rule }) => rule),
    ].some(({ conditions }) => conditions.dependsOnClientAddress);
    this.#functionOnly = broken.length > 0 || web.undecided === true;
  }

  /**
   * Decides a request. `paths` are the spellings under which rules are tried: the path as sent and, where it differs,
   * decoded.
   */
  decide(path: string, decoded: string | undefined, view: RequestView): Decision {
    if (this.#functionOnly) return FUNCTION;
    if (this.#none) return PASS;
    try {
      return this.#decide(path, decoded, view);
    } catch (error) {
      if (!(error instanceof OverBudget)) throw error;
      return TOO_LONG;
    }
  }

  /**
   * Yields the paths to which a path without a file is rewritten, in order. Throws OverBudget when the project's time
   * for rules is used up.
   */
  *rewrites(path: string, decoded: string | undefined, view: RequestView): Generator<string> {
    for (const { rule, target } of this.#withoutFile) {
      const match = exec(rule, path, decoded, view.budget);
      const captures = match === undefined ? undefined : rule.conditions.match(view);
      if (match !== undefined && captures !== undefined) yield substitute(target, match, captures);
    }
  }

  #decide(path: string, decoded: string | undefined, view: RequestView): Decision {
    let plan = this.#plans.get(path);
    if (plan === undefined) {
      plan = this.#plan(path, decoded, view.budget);
      if (path.length <= MAX_REMEMBERED_PATH) this.#remember(path, plan);
    }
    if (plan.fixed !== undefined && (plan.fixed.kind !== 'redirect' || view.query === '')) return plan.fixed;
    return (plan.last = reuseIfEqual(plan.last, run(plan.steps, view)));
  }

  #remember(path: string, plan: Plan): void {
    const weight =
      PLAN_WEIGHT +
      2 * path.length +
      plan.steps.reduce((sum, { match }) => sum + STEP_WEIGHT + match.captures.length * CAPTURE_WEIGHT, 0);
    this.#weight += weight;
    if (this.#weight > MAX_WEIGHT) {
      this.#plans.clear();
      this.#weight = weight;
    }
    this.#plans.set(path, plan);
  }

  #plan(path: string, decoded: string | undefined, budget: Budget): Plan {
    const steps: Step[] = [];
    for (const [phase, rules] of this.#phases) {
      for (const rule of rules) {
        const match = exec(rule, path, decoded, budget);
        if (match !== undefined) steps.push({ rule, match, phase });
      }
    }
    const conditional = steps.some((step) => !step.rule.conditions.empty);
    return {
      steps,
      conditional,
      fixed: conditional ? undefined : run(steps, { headers: {}, host: '', query: '', budget }),
    };
  }
}

/** Either spelling counts: a guard must not be passed by writing "/%61dmin". */
const exec = ({ pattern }: Rule, path: string, decoded: string | undefined, budget: Budget): Match | undefined =>
  pattern.exec(path, budget) ?? (decoded === undefined || decoded === path ? undefined : pattern.exec(decoded, budget));

function run(steps: readonly Step[], view: RequestView): Decision {
  if (steps.length === 0) return PASS;
  const headers = new Map<string, readonly [string, string]>();
  let pages = true;
  for (const { rule, match, phase } of steps) {
    const captures = rule.conditions.empty ? NO_CAPTURES : rule.conditions.match(view);
    if (captures === undefined) continue;
    if (phase === 'middleware') return FUNCTION;
    if (phase === 'after') {
      pages = false;
      continue;
    }
    for (const [name, value] of rule.headers) {
      const key = substitute(name, match, captures).toLowerCase();
      headers.set(key, [key, substitute(value, match, captures)]);
    }
    if (rule.redirect !== undefined && phase !== 'match') {
      const location = withQuery(substitute(rule.redirect.location, match, captures) || '/', view.query);
      // A location that could name another host by accident ("//evil") or end the header is the function's to judge.
      if (/^\/[/\\]/.test(location) || !/^[\x21-\x7e]+$/.test(location)) return FUNCTION;
      // Cookies and queries are decoded: what they put into a header may be nothing that a header can hold.
      if (![...headers.values()].every(([name, value]) => NAME.test(name) && VALUE.test(value))) return FUNCTION;
      return { kind: 'redirect', status: rule.redirect.status, location, headers: [...headers.values()] };
    }
    if (rule.rewrites && phase !== 'match') return FUNCTION;
  }
  return headers.size === 0 && pages ? PASS : { kind: 'pass', headers: [...headers.values()], pages };
}

/**
 * Returns the earlier decision where it is equal: heads and whole responses are cached by the identity of its list of
 * headers.
 */
function reuseIfEqual(before: Decision | undefined, now: Decision): Decision {
  if (
    before?.kind !== 'pass' ||
    now.kind !== 'pass' ||
    before.pages !== now.pages ||
    before.headers.length !== now.headers.length
  )
    return now;
  return before.headers.every(([name, value], i) => now.headers[i]?.[0] === name && now.headers[i][1] === value)
    ? before
    : now;
}

const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
const NO_CAPTURES = new Map<string, string>();

import type { WebComponent, Route } from '@anchor/core/artifact/manifest.ts';
import { compileRule, substitute, withQuery, type Rule } from './rule.ts';
import { TooSlow } from './bounded.ts';
import type { Asked } from './condition.ts';

export type Headers = readonly (readonly [name: string, value: string])[];

/** What routing says before a file or page is looked for. */
export type Decision =
  /** `pages` false: a rewrite may come before the prerendered page of this path. */
  | Readonly<{ kind: 'pass'; headers: Headers; pages: boolean }>
  | Readonly<{ kind: 'redirect'; status: number; location: string; headers: Headers }>
  | Readonly<{ kind: 'function' }>;

type Step = Readonly<{ rule: Rule; match: RegExpMatchArray; phase: 'middleware' | 'before' | 'files' | 'after' | 'match' }>;
type Plan = Readonly<{ steps: readonly Step[]; conditional: boolean; fixed: Decision | undefined }> & { /** What was said last. */ last?: Decision };

const NO_HEADERS: Headers = [];
const PASS: Decision = { kind: 'pass', headers: NO_HEADERS, pages: true };
const FUNCTION: Decision = { kind: 'function' };
const MAX_PLANS = 4096;
const MAX_REMEMBERED_PATH = 512;

/**
 * The routing rules of one artifact. Expressions run once a path: what matched is remembered as a plan, and where no
 * rule asks for more than the path, so is the decision.
 */
export class RoutingPlans {
  readonly #phases: readonly (readonly [Step['phase'], readonly Rule[]])[];
  readonly #plans = new Map<string, Plan>();
  readonly #none: boolean;
  /** Some rule asks where the request comes from. */
  readonly asksWho: boolean;
  /** A rule that could not be compiled, or that took too long: only the function decides. */
  #unsure: boolean;

  constructor(web: WebComponent) {
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
    this.#none = this.#phases.every(([, rules]) => rules.length === 0);
    this.asksWho = this.#phases.some(([, rules]) => rules.some(({ conditions }) => conditions.asksWho));
    this.#unsure = broken.length > 0;
  }

  /** `paths` are the spellings under which rules are tried: the path as sent and, where it differs, decoded. */
  decide(path: string, decoded: string | undefined, asked: Asked): Decision {
    if (this.#unsure) return FUNCTION;
    if (this.#none) return PASS;
    try {
      return this.#decide(path, decoded, asked);
    } catch (error) {
      if (!(error instanceof TooSlow)) throw error;
      this.#unsure = true;
      return FUNCTION;
    }
  }

  #decide(path: string, decoded: string | undefined, asked: Asked): Decision {
    let plan = this.#plans.get(path);
    if (plan === undefined) {
      plan = this.#plan(path, decoded);
      if (this.#plans.size >= MAX_PLANS) this.#plans.clear();
      if (path.length <= MAX_REMEMBERED_PATH) this.#plans.set(path, plan);
    }
    if (plan.fixed !== undefined && (plan.fixed.kind !== 'redirect' || asked.query === '')) return plan.fixed;
    return (plan.last = again(plan.last, run(plan.steps, asked)));
  }

  #plan(path: string, decoded: string | undefined): Plan {
    const steps: Step[] = [];
    for (const [phase, rules] of this.#phases) {
      for (const rule of rules) {
        // Either spelling counts: a guard must not be passed by writing "/%61dmin".
        const match: RegExpMatchArray | null = rule.pattern.exec(path) ?? (decoded === undefined || decoded === path ? null : rule.pattern.exec(decoded));
        if (match !== null) steps.push({ rule, match, phase });
      }
    }
    const conditional = steps.some((step) => !step.rule.conditions.empty);
    return { steps, conditional, fixed: conditional ? undefined : run(steps, { headers: {}, host: '', query: '' }) };
  }
}

function run(steps: readonly Step[], asked: Asked): Decision {
  if (steps.length === 0) return PASS;
  const headers = new Map<string, readonly [string, string]>();
  let pages = true;
  for (const { rule, match, phase } of steps) {
    const captures = rule.conditions.empty ? NO_CAPTURES : rule.conditions.match(asked);
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
      const location = withQuery(substitute(rule.redirect.location, match, captures) || '/', asked.query);
      // A location that could name another host by accident ("//evil") or end the header is the function's to judge.
      if (/^\/[/\\]/.test(location) || !/^[\x21-\x7e]+$/.test(location)) return FUNCTION;
      return { kind: 'redirect', status: rule.redirect.status, location, headers: [...headers.values()] };
    }
    if (rule.rewrites && phase !== 'match') return FUNCTION;
  }
  return headers.size === 0 && pages ? PASS : { kind: 'pass', headers: [...headers.values()], pages };
}

/** The very decision of before where it says the same: heads and whole answers are kept ready by its list of headers. */
function again(before: Decision | undefined, now: Decision): Decision {
  if (before?.kind !== 'pass' || now.kind !== 'pass' || before.pages !== now.pages || before.headers.length !== now.headers.length) return now;
  return before.headers.every(([name, value], i) => now.headers[i]?.[0] === name && now.headers[i][1] === value) ? before : now;
}

const NO_CAPTURES = new Map<string, string>();

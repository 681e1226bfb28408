import type { ProjectId } from '@anchor/core/names/id.ts';
import type { Budget } from '@anchor/core/expressions/match.ts';

/** Instructions of expressions: about 100 million take a second. */
const PER_SECOND = 10_000_000;
/** Budget of one request: about 10 ms. */
const AT_ONCE = 1_000_000;
const MAX_PROJECTS = 10_000;

/** `at`: time of the last refill; undefined while nothing was spent, so that most requests do not read the clock. */
type Share = { budget: Budget; at: number | undefined };

/** Limits how much of a worker's time the expressions of one project's rules may take: a tenth, and 10 ms at once. */
export class EvaluationBudgets {
  readonly #now: () => number;
  readonly #shares = new Map<ProjectId, Share>();

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Returns the project's remaining budget. */
  of(project: ProjectId): Budget {
    let share = this.#shares.get(project);
    if (share === undefined) {
      if (this.#shares.size >= MAX_PROJECTS) this.#shares.clear();
      this.#shares.set(project, (share = { budget: { left: AT_ONCE }, at: undefined }));
    }
    const { budget } = share;
    if (budget.left >= AT_ONCE) {
      share.at = undefined;
      return budget;
    }
    const now = this.#now();
    budget.left = Math.min(AT_ONCE, Math.max(0, budget.left) + ((now - (share.at ?? now)) / 1000) * PER_SECOND);
    share.at = now;
    return budget;
  }
}

import { ok, err, type Result } from '@anchor/core/result/result.ts';
import type { BudgetRecord } from '../records/records.ts';
import type { RecordTable } from '../records/record-table.ts';

const HOUR = 3_600_000;
const WEEK = 168 * HOUR;

/** At most `limit` per `windowMs`. Renewals have a higher limit: they take priority, and CAs exempt them from some. */
type Limit = Readonly<{ windowMs: number; limit: number; renewals: number }>;

/**
 * Below the limits of Let's Encrypt (per week 50 certificates per registered domain and 5 per set of names; 300 orders
 * per 3 hours; 5 failures per name per hour), so that another client of the domain does not lock this platform out.
 * https://letsencrypt.org/docs/rate-limits/
 */
export const LIMITS = {
  domain: { windowMs: WEEK, limit: 40, renewals: 48 },
  orders: { windowMs: 3 * HOUR, limit: 250, renewals: 290 },
  set: { windowMs: WEEK, limit: 4, renewals: 20 },
  failure: { windowMs: HOUR, limit: 3, renewals: 3 },
} as const satisfies Record<string, Limit>;
export type BudgetKind = keyof typeof LIMITS;

/** The budgets of one CA that an order draws on. */
export type Spending = Readonly<{
  authority: string;
  /** Id of the name set. */
  set: string;
  names: readonly string[];
  /** Registered domains of the names. */
  domains: readonly string[];
  renewal: boolean;
}>;

/** An exhausted budget, and when it admits the next order. */
export type Exhausted = Readonly<{ kind: BudgetKind; of: string; limit: number; windowMs: number; retryAt: number }>;

/** Enforces the rate limits of CAs before they do. The counts are persistent. */
export class Budgets {
  readonly #table: RecordTable<BudgetRecord>;
  /** Serializes reservations, so that two orders cannot take the same last slot. */
  #tail: Promise<unknown> = Promise.resolve();

  constructor(table: RecordTable<BudgetRecord>) {
    this.#table = table;
  }

  /** Reserves all that an order uses, or nothing of it. The reservation is stored when it resolves. */
  reserve(spending: Spending, now: number): Promise<Result<void, Exhausted>> {
    return this.#exclusively(async () => {
      for (const name of spending.names) {
        const exhausted = await this.#check(spending, 'failure', name, now);
        if (exhausted !== undefined) return err(exhausted);
      }
      const uses = usesOf(spending);
      for (const [kind, of] of uses) {
        const exhausted = await this.#check(spending, kind, of, now);
        if (exhausted !== undefined) return err(exhausted);
      }
      for (const [kind, of] of uses) await this.#change(spending.authority, kind, of, now, (times) => [...times, now]);
      return ok(undefined);
    });
  }

  /** Releases what a failed order reserved and did not use. The order itself stays counted. */
  release(spending: Spending, now: number): Promise<void> {
    return this.#exclusively(async () => {
      for (const [kind, of] of usesOf(spending))
        if (kind !== 'orders') await this.#change(spending.authority, kind, of, now, (times) => times.slice(0, -1));
    });
  }

  /** Counts a failed validation of a name. */
  countFailure(authority: string, name: string, now: number): Promise<void> {
    return this.#exclusively(() => this.#change(authority, 'failure', name, now, (times) => [...times, now]));
  }

  /** Removes counts that are older than every window. */
  expire(now: number): Promise<void> {
    return this.#exclusively(async () => {
      for (const { id, value } of await this.#table.list())
        if ((value.times.at(-1) ?? 0) < now - WEEK) await this.#table.remove(id);
    });
  }

  async #check(
    { authority, renewal }: Spending,
    kind: BudgetKind,
    of: string,
    now: number,
  ): Promise<Exhausted | undefined> {
    const { windowMs, limit: most, renewals }: Limit = LIMITS[kind];
    const limit = renewal ? renewals : most;
    const times = await this.#times(authority, kind, of, now);
    const freed = times[times.length - limit];
    return freed === undefined ? undefined : { kind, of, limit, windowMs, retryAt: freed + windowMs };
  }

  /** Returns the times within the window. Times in the future, after the clock was set back, are dropped. */
  async #times(authority: string, kind: BudgetKind, of: string, now: number): Promise<readonly number[]> {
    const stored = await this.#table.get(idOf(authority, kind, of));
    return (stored?.value.times ?? []).filter((time) => time > now - LIMITS[kind].windowMs && time <= now);
  }

  async #change(
    authority: string,
    kind: BudgetKind,
    of: string,
    now: number,
    change: (times: readonly number[]) => readonly number[],
  ): Promise<void> {
    const times = await this.#times(authority, kind, of, now);
    await this.#table.overwrite(idOf(authority, kind, of), { times: [...change(times)] });
  }

  #exclusively<T>(run: () => Promise<T>): Promise<T> {
    const result = this.#tail.then(run);
    this.#tail = result.catch(() => {});
    return result;
  }
}

const usesOf = ({ set, domains }: Spending): readonly (readonly [BudgetKind, string])[] => [
  ['orders', ''],
  ['set', set],
  ...domains.map((domain) => ['domain', domain] as const),
];

const idOf = (authority: string, kind: BudgetKind, of: string): string => `${authority}/${kind}/${of}`;

import type { Client } from '@anchor/client/http/client.ts';
import type { ApiResult } from '@anchor/client/http/result.ts';
import type { Domain } from '@anchor/client/schemas/domain.ts';
import { makeSpinner } from '../output/progress.ts';
import { duration } from '../output/units.ts';
import type { Context } from './context.ts';
import { domainWord, stateText, stepLines } from './domain-lines.ts';
import { commandError } from './problem.ts';

const POLL_MS = 1_000;
/** How often DNS is checked while a user watches, and may change it: the checks of the platform become rare. */
const CHECK_MS = 10_000;
/** How long the platform may be out of reach, such as during its restart. */
const AWAY_MS = 60_000;

type Watched = Readonly<{ project: string; name: string }>;

export const isActive = ({ status }: Domain): boolean => status === 'active';

/**
 * Shows each change of a domain until `isDone`, or until `seconds` have passed. Steps are shown once per reason, so
 * that a user can set a record while the command waits. Ctrl-C stops nothing on the platform.
 */
export async function watchDomain(
  context: Context,
  client: Client,
  where: Watched,
  seconds: number,
  isDone: (domain: Domain) => boolean = isActive,
): Promise<ApiResult<Domain>> {
  const { out, signal } = context;
  const startedAt = Date.now();
  const end = startedAt + seconds * 1_000;
  const spinner = out.live ? makeSpinner(out, Date.now) : undefined;
  let shown = '';
  let seenAt = startedAt;
  let checkedAt = startedAt;
  let isWrong = false;
  try {
    for (;;) {
      const isDue: boolean = isWrong && Date.now() - checkedAt >= CHECK_MS;
      if (isDue) checkedAt = Date.now();
      const domain: ApiResult<Domain> = isDue
        ? await checked(client, where, signal)
        : await client.domains.get(where, { signal });
      if (signal.aborted) return stopped(where);
      if (domain.ok) {
        seenAt = Date.now();
        const text = changeOf(domain.value);
        if (text !== shown && !isDone(domain.value)) {
          spinner?.clear();
          for (const line of changeLines(domain.value, context)) out.note(line);
        }
        shown = text;
        isWrong = domain.value.state === 'dns_wrong' || domain.value.state === 'unverified';
        if (isDone(domain.value) || Date.now() >= end) return domain;
        spinner?.show(nextStepOf(domain.value, Date.now()), startedAt);
      } else if (domain.problem.code !== 'unreachable' || Date.now() - seenAt > AWAY_MS) return domain;
      await pause(POLL_MS, signal);
    }
  } finally {
    spinner?.stop();
  }
}

const changeOf = ({ state, reason }: Domain): string => `${state} ${reason}`;

function changeLines(domain: Domain, { out }: Context): readonly string[] {
  const { state, steps, reason } = domain;
  const text =
    state === 'issuing' || state === 'renewing' ? out.safe(reason) : `${stateText(domain)}: ${out.safe(reason)}`;
  const lines = stepLines(steps, out);
  return [`${out.color.cyan('▸')} ${text}`, ...lines, ...(lines.length === 0 ? [] : [''])];
}

/** What is waited for: the user with a record to set, or the platform. */
function nextStepOf({ state, nextCheckAt, steps }: Domain, now: number): string {
  const seconds = nextCheckAt === undefined ? 0 : Math.ceil((nextCheckAt - now) / 1_000);
  if (state === 'issuing' || state === 'renewing' || seconds <= 0) return 'waiting';
  const check = `next check in ${seconds < 60 ? `${seconds} s` : duration(seconds * 1_000)}`;
  return steps.some(({ record }) => record !== undefined) ? `set what is shown above; ${check}` : check;
}

const stopped = ({ name }: Watched): ApiResult<never> =>
  commandError(
    'failed',
    `Stopped watching; the platform goes on checking ${name}, and serves it once DNS is right.`,
    `See its state: anchor domains check ${domainWord(name)}`,
  );

/** Checks a domain now, or returns what a check moments ago has found. */
export async function checkNow(context: Context, client: Client, where: Watched): Promise<ApiResult<Domain>> {
  const { out, signal } = context;
  return checked(client, where, signal, (why) => out.note(out.color.dim(`${out.safe(why)}: this was found then.`)));
}

async function checked(
  client: Client,
  where: Watched,
  signal: AbortSignal,
  onLimited: (why: string) => void = () => undefined,
): Promise<ApiResult<Domain>> {
  const domain = await client.domains.check(where, { signal });
  if (domain.ok || domain.problem.code !== 'rate_limited') return domain;
  onLimited(domain.problem.detail);
  return client.domains.get(where, { signal });
}

/** Resolves after a time, or at once when the command is stopped. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
  });
}

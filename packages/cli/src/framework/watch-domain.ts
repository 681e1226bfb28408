import type { Client } from '@anchor/client/http/client.ts';
import type { ApiResult } from '@anchor/client/http/result.ts';
import type { Domain } from '@anchor/client/schemas/domain.ts';
import { makeSpinner } from '../output/progress.ts';
import { duration } from '../output/units.ts';
import type { Context } from './context.ts';
import { stateText, stepLines } from './domain-lines.ts';
import { commandError } from './problem.ts';

const POLL_MS = 1_000;
/** How long the platform may be out of reach, such as during its restart. */
const AWAY_MS = 60_000;

type Watched = Readonly<{ project: string; name: string }>;

/**
 * Shows each change of a domain until it is active, or until `seconds` have passed. Steps are shown once per reason,
 * so that a user can set a record while the command waits. Ctrl-C stops nothing on the platform.
 */
export async function watchDomain(
  context: Context,
  client: Client,
  where: Watched,
  seconds: number,
): Promise<ApiResult<Domain>> {
  const { out, signal } = context;
  const startedAt = Date.now();
  const end = startedAt + seconds * 1_000;
  const spinner = out.live ? makeSpinner(out, Date.now) : undefined;
  let shown = '';
  let seenAt = startedAt;
  try {
    for (;;) {
      const domain = await client.domains.get(where, { signal });
      if (signal.aborted) return stopped(where);
      if (domain.ok) {
        seenAt = Date.now();
        const text = changeOf(domain.value);
        if (text !== shown) {
          spinner?.clear();
          for (const line of changeLines(domain.value, context)) out.note(line);
        }
        shown = text;
        if (domain.value.status === 'active' || Date.now() >= end) return domain;
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
  const mark = domain.status === 'active' ? out.color.green('✓') : out.color.cyan('▸');
  const steps = stepLines(domain.steps, out);
  return [`${mark} ${stateText(domain)}: ${out.safe(domain.reason)}`, ...steps, ...(steps.length === 0 ? [] : [''])];
}

/** What happens next: a step of the order, or the next look at DNS. */
function nextStepOf({ state, nextCheckAt, steps }: Domain, now: number): string {
  const soon = nextCheckAt === undefined ? 0 : nextCheckAt - now;
  if (state === 'issuing' || state === 'renewing' || soon <= 0) return 'waiting';
  return `${steps.length === 0 ? 'next check' : 'waiting for you, next check'} in ${duration(soon)}, waiting for`;
}

const stopped = ({ name }: Watched): ApiResult<never> =>
  commandError(
    'failed',
    `Stopped watching; the platform goes on checking ${name}, and serves it once DNS is right.`,
    `See its state: anchor domains check ${name}`,
  );

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

import type { Client } from '@anchor/client/http/client.ts';
import type { ApiResult } from '@anchor/client/http/result.ts';
import type { Domain } from '@anchor/client/schemas/domain.ts';
import type { Context } from './context.ts';
import { stateText, stepLines } from './domain-lines.ts';

const POLL_MS = 1_000;

/**
 * Shows each change of a domain until it is active, or until `seconds` have passed. Steps are shown once per reason,
 * so that a user can set a record while the command waits.
 */
export async function watchDomain(
  context: Context,
  client: Client,
  where: Readonly<{ project: string; name: string }>,
  seconds: number,
): Promise<ApiResult<Domain>> {
  const end = Date.now() + seconds * 1_000;
  let shown = '';
  for (;;) {
    const domain = await client.domains.get(where, { signal: context.signal });
    if (!domain.ok) return domain;
    const { state, reason, steps, status } = domain.value;
    if (`${state} ${reason}` !== shown) {
      shown = `${state} ${reason}`;
      context.out.note(`▸ ${stateText(domain.value)}: ${context.out.safe(reason)}`);
      for (const line of stepLines(steps, context.out)) context.out.note(line);
    }
    if (status === 'active' || Date.now() >= end || context.signal.aborted) return domain;
    await pause(POLL_MS, context.signal);
  }
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

import type { Check } from '@anchor/protocol/artifact/web/checks.ts';
import type { BuildLog } from '../logs/build-log.ts';
import type { HostName } from '../names/name.ts';
import type { Ports } from '../ports/ports.ts';
import { fail, ok, type Result } from '../result/result.ts';

/** Responses that come before the function is up, or from the edge itself: requested once more. */
const PASSING = [502, 503, 504];
const AT_ONCE = 3;
const EACH_MS = 10_000;
const ALL_MS = 30_000;

type Input = Readonly<{
  id: string;
  project: string;
  host: HostName;
  checks: readonly Check[];
  /** Statuses that the project accepts beside the usual ones. */
  accepted: readonly number[];
}>;
type CheckedRoute = Readonly<{ path: string; status: number | undefined; body: string; wrong: boolean }>;

/**
 * Requests one path for each kind of route through the edge. Fails on a server error, and on a 404 of a page that the
 * build rendered: the route exists. Bounded in time; a path that does not respond within it counts as not checked,
 * since a slow page is no broken one.
 */
export const verifyRoutes =
  (ports: Pick<Ports, 'probe' | 'clock'>) =>
  async ({ id, project, host, checks, accepted }: Input, log: BuildLog): Promise<Result<void>> => {
    const deadline = ports.clock.now() + ALL_MS;
    const queue = [...checks];
    const outcomes: CheckedRoute[] = [];
    const check = async ({ path, prerendered }: Check): Promise<CheckedRoute> => {
      for (let tries = 1; ; tries++) {
        const left = Math.min(EACH_MS, deadline - ports.clock.now());
        const response = left <= 0 ? undefined : await ports.probe.request(host, path, left);
        if (response?.ok !== true) return { path, status: undefined, body: '', wrong: false };
        const { status, body } = response.value;
        if (PASSING.includes(status) && tries === 1) continue;
        return {
          path,
          status,
          body,
          wrong: !accepted.includes(status) && (status >= 500 || (status === 404 && prerendered === true)),
        };
      }
    };
    const worker = async (): Promise<void> => {
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
        const outcome = await check(next);
        outcomes.push(outcome);
        if (outcome.wrong) queue.length = 0;
      }
    };
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, checks.length) }, worker));

    const wrong = outcomes.find((outcome) => outcome.wrong);
    if (wrong !== undefined) {
      const what = wrong.status === 404 ? ', but the build rendered this page' : '';
      return fail(
        'verification_failed',
        `${wrong.path} responded with ${wrong.status}${what}`,
        `Read the runtime log (anchor logs ${id} --run) and fix the page, or accept its status: anchor projects update ${project} --health-status 200 --health-status ${wrong.status}. What was live stays live.`,
        textOf(wrong.body),
      );
    }
    const responded = outcomes.filter(({ status }) => status !== undefined);
    if (responded.length > 0)
      log.note(
        `${responded.length} of ${checks.length} routes responded: ${responded
          .map(({ path, status }) => `${path} ${status}`)
          .join(', ')
          .slice(0, 500)}`,
        'info',
        'verify',
      );
    return ok(undefined);
  };

/**
 * Returns an error page as one line of text. Tags are searched for from the left, once: a page is written by a tenant,
 * and an expression such as `<[^>]*>` takes seconds for 64 KB of "<".
 */
export function textOf(body: string): string | undefined {
  const closing = { style: /<\/style>/gi, script: /<\/script>/gi };
  const parts: string[] = [];
  let at = 0;
  for (let open = body.indexOf('<'); open !== -1; open = body.indexOf('<', at)) {
    const end = endOfElement(body, open, closing) ?? body.indexOf('>', open) + 1;
    if (end === 0) break;
    parts.push(body.slice(at, open), ' ');
    at = end;
  }
  const text = [...parts, body.slice(at)].join('').replace(/\s+/g, ' ').trim();
  return text === '' ? undefined : text.slice(0, 300);
}

/** Returns the end of a style or script that starts at `open`. An end that is not there is searched for once. */
function endOfElement(body: string, open: number, closing: Partial<Record<string, RegExp>>): number | undefined {
  const name = /^<(style|script)/i.exec(body.slice(open, open + 7))?.[1]?.toLowerCase();
  const tag = name === undefined ? undefined : closing[name];
  if (name === undefined || tag === undefined) return undefined;
  tag.lastIndex = open;
  if (tag.test(body)) return tag.lastIndex;
  delete closing[name];
  return undefined;
}

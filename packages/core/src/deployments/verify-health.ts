import { homePathOf } from '@anchor/protocol/artifact/web/component.ts';
import { webOf } from '../artifact/manifest.ts';
import { decryptSnapshot } from '../environments/snapshot.ts';
import type { BuildLog } from '../logs/build-log.ts';
import type { Ports } from '../ports/ports.ts';
import type { Project } from '../projects/project.ts';
import { fail, type Result } from '../result/result.ts';
import type { Deployment } from './deployment.ts';
import { responseFix, unsetVariables } from './explain-response.ts';
import { manifestOf } from './read-manifest.ts';
import { runtimeFailure } from './runtime-failure.ts';
import { textOf, verifyRoutes } from './verify-routes.ts';

/** Responses before the function is up, or of the edge itself: worth a retry. */
const PASSING = [502, 503, 504];
const TRIES = 3;
const SERVER_ERROR = / responded with 5\d\d$/;

/**
 * Sends the project's health check through the edge, within its time, then requests the rendered routes. Fails with
 * `verification_failed`, and with what the application printed.
 */
export async function verifyHealth(
  ports: Ports,
  project: Project,
  deployment: Deployment,
  log: BuildLog,
): Promise<Result<void>> {
  const { status: accepted, timeoutSeconds } = project.health;
  const manifest = await manifestOf(ports, deployment);
  const web = manifest === undefined ? undefined : webOf(manifest);
  const home = project.health.path === '/' && web !== undefined ? homePathOf(web) : project.health.path;
  let path = home;
  const deadline = ports.clock.now() + timeoutSeconds * 1_000;
  for (let tries = 1; ; tries++) {
    const response = await ports.probe.request(deployment.host, path, Math.max(1, deadline - ports.clock.now()));
    const status = response.ok ? response.value.status : undefined;
    if (status !== undefined && isAccepted(status, accepted)) {
      log.note(`${path} responded with ${status}`, 'info', 'verify');
      const checks = (web?.checks ?? []).filter((check) => check.path !== path);
      const routes = await verifyRoutes(ports)(
        { id: deployment.id, project: project.name, host: deployment.host, checks, accepted: accepted ?? [] },
        log,
      );
      return routes.ok || !SERVER_ERROR.test(routes.error.message)
        ? routes
        : ((await explained(ports, deployment, routes.error.message, routes.error.fix)) ?? routes);
    }
    const mayPass = status === undefined || PASSING.includes(status);
    if (mayPass && tries < TRIES && ports.clock.now() < deadline) continue;
    // The base path of a server was read from what its framework wrote: the server itself may serve from the root.
    if (status === 404 && path !== '/' && path === home && project.health.path === '/') {
      path = '/';
      tries = 0;
      continue;
    }
    const failed =
      status === undefined
        ? `${path} did not respond within ${timeoutSeconds} s`
        : `${path} responded with ${status} instead of ${accepted?.join(' or ') ?? '200 to 399'}`;
    const fix =
      status === undefined
        ? `Check that the app starts and listens on PORT: anchor logs ${deployment.id} --run. What was live stays live.`
        : responseFix(project, deployment, path, status);
    const own = status === undefined || status >= 500;
    const found = await explained(ports, deployment, failed, fix, own);
    if (found !== undefined) return found;
    const shown = response.ok
      ? (textOf(response.value.body) ?? `${ports.site.urlOf(deployment.host)}${path}`)
      : response.error.message;
    return fail('verification_failed', failed, fix, shown);
  }
}

/**
 * Returns the error with the cause that the application printed; undefined when it printed none. `own`: the fix of the
 * cause replaces `fix`.
 */
async function explained(
  ports: Ports,
  deployment: Deployment,
  failed: string,
  fix: string,
  own = true,
): Promise<Result<never> | undefined> {
  const found = await runtimeFailure(ports, deployment);
  if (found === undefined) return undefined;
  const cause = found.lines.join('\n');
  const unset = await unsetOf(ports, deployment, found.missing);
  return unset.length > 0
    ? unsetVariables(failed, unset, cause, deployment)
    : fail('verification_failed', failed, (own ? found.fix : undefined) ?? fix, cause);
}

/** Returns the names that the deployment's functions did not get: one that is set is not called missing. */
async function unsetOf(
  ports: Ports,
  { id, environmentSnapshot }: Deployment,
  names: readonly string[],
): Promise<readonly string[]> {
  if (names.length === 0 || environmentSnapshot === undefined) return names;
  const snapshot = await decryptSnapshot(ports)(id, environmentSnapshot);
  return snapshot.ok ? names.filter((name) => (snapshot.value.run[name] ?? '') === '') : names;
}

const isAccepted = (status: number, accepted: readonly number[] | undefined): boolean =>
  accepted === undefined ? status >= 200 && status < 400 : accepted.includes(status);

import { notSet, variableFix } from '../logs/missing-variables.ts';
import type { Project } from '../projects/project.ts';
import { fail, type Result } from '../result/result.ts';
import type { Deployment } from './deployment.ts';

/** Returns the fix for a wrong response. A missing path is most often the home page, which an API does not have. */
export const responseFix = (project: Project, deployment: Deployment, path: string, status: number): string =>
  [404, 405, 401, 403].includes(status) && project.health.path === '/'
    ? `If this is an API without a page at ${path}, or a site below a base path, name a path that it serves: anchor projects update ${project.name} --health-path /health (or accept the status: --health-status ${status}), then run anchor redeploy.`
    : `Read the runtime log (anchor logs ${deployment.id} --run), fix the app, or set another health path or status: anchor projects update ${project.name} --health-path <path>.`;

/** Returns the error of an application whose own output reports missing variables. */
export const unsetVariables = (
  failed: string,
  missing: readonly string[],
  cause: string,
  { environment, source }: Deployment,
): Result<never> =>
  fail(
    'verification_failed',
    `${failed}: ${notSet(missing)}`,
    variableFix(missing, { environment, branch: source.branch }),
    cause,
  );

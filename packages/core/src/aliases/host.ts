import {
  branchSlug,
  parseHostName,
  type BranchName,
  type EnvironmentName,
  type HostName,
  type ProjectName,
} from '../names/name.ts';
import { shortId, type DeploymentId } from '../names/id.ts';
import { PRODUCTION } from '../names/name.ts';

/** Project names must not contain it: branch hosts are made with it. */
export const BRANCH_MARK = '-git-';

const host = (label: string, domain: string): HostName => {
  const parsed = parseHostName(`${label}.${domain}`);
  if (!parsed.ok) throw new Error(`host names made from parsed names are host names: ${label}.${domain}`);
  return parsed.value;
};

/**
 * Returns an environment's host: `demo.localhost` for production, `demo-staging.localhost` for a stage. Preview has no
 * host of its own: its branches have.
 */
export const environmentHost = (project: ProjectName, environment: EnvironmentName, domain: string): HostName =>
  host(environment === PRODUCTION ? project : `${project}-${environment}`.slice(0, 63), domain);

/** Returns a deployment's permanent host, such as `demo-k3v9x2m1q.localhost`. It never moves. */
export const deploymentHost = (project: ProjectName, id: DeploymentId, domain: string): HostName =>
  host(`${project}-${shortId(id)}`, domain);

/**
 * Returns a branch's host, such as `demo-git-feat-login.localhost`. Branches that differ only in characters that a host
 * name cannot have share a slug: the second gets `unique`, a hash of its name.
 */
export async function branchHost(
  project: ProjectName,
  branch: BranchName,
  domain: string,
  unique: boolean,
): Promise<HostName> {
  const maxLength = 63 - project.length - BRANCH_MARK.length;
  if (!unique) return host(`${project}${BRANCH_MARK}${branchSlug(branch, maxLength)}`, domain);
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(branch)));
  const hash = Array.from(digest.slice(0, 3), (byte) => byte.toString(16).padStart(2, '0')).join('');
  return host(`${project}${BRANCH_MARK}${branchSlug(branch, maxLength - 7)}-${hash}`, domain);
}

/** Returns a pull request's host: `demo-git-pr-17.localhost`. */
export const pullRequestHost = (project: ProjectName, number: number, domain: string): HostName =>
  host(`${project}${BRANCH_MARK}pr-${number}`, domain);

import { PUBLIC_PREFIXES } from '@anchor/protocol/artifact/web/variables.ts';
import type { Deployment } from '../deployments/deployment.ts';
import type { Project } from '../projects/project.ts';

/** Those that browsers get as well, under the prefixes of frameworks. A commit's text and author are not. */
const SHOWN = new Set([
  'VERCEL_ENV',
  'VERCEL_TARGET_ENV',
  'VERCEL_URL',
  'VERCEL_BRANCH_URL',
  'VERCEL_PROJECT_PRODUCTION_URL',
  'VERCEL_GIT_COMMIT_SHA',
  'VERCEL_GIT_COMMIT_REF',
  'VERCEL_GIT_PULL_REQUEST_ID',
]);

/** Addresses with their scheme: of the deployment, of its branch and of production. */
type Addresses = Readonly<{ own: string; branch: string | undefined; production: string }>;

/**
 * Returns the variables that applications know from Vercel, with this platform's values, and Auth.js's setting to trust
 * the host that the edge passes on. `VERCEL` itself is absent, because it makes build tools build for that platform. An
 * environment's own variables of these names win.
 */
export function vercelVariables(
  project: Project,
  { environment, source, id, pullRequest }: Deployment,
  addresses: Addresses,
): Readonly<Record<string, string>> {
  if (project.build.vercelVariables === false) return {};
  const host = (url: string): string => url.replace(/^https?:\/\//, '');
  const variables: Record<string, string> = {
    VERCEL_ENV: environment === 'production' ? 'production' : 'preview',
    VERCEL_TARGET_ENV: environment,
    VERCEL_URL: host(addresses.own),
    VERCEL_PROJECT_PRODUCTION_URL: host(addresses.production),
    VERCEL_DEPLOYMENT_ID: id,
  };
  if (addresses.branch !== undefined) variables['VERCEL_BRANCH_URL'] = host(addresses.branch);
  if (source.commit !== undefined) variables['VERCEL_GIT_COMMIT_SHA'] = source.commit;
  if (source.branch !== undefined) variables['VERCEL_GIT_COMMIT_REF'] = source.branch;
  if (source.message !== undefined)
    variables['VERCEL_GIT_COMMIT_MESSAGE'] = (source.message.split('\n')[0] ?? '').slice(0, 200);
  if (source.kind === 'git' && source.author !== undefined) variables['VERCEL_GIT_COMMIT_AUTHOR_NAME'] = source.author;
  if (pullRequest !== undefined) variables['VERCEL_GIT_PULL_REQUEST_ID'] = String(pullRequest.number);
  const shown = Object.entries(variables)
    .filter(([name]) => SHOWN.has(name))
    .flatMap(([name, value]) => PUBLIC_PREFIXES.map((prefix) => [prefix + name, value] as const));
  return { ...variables, ...Object.fromEntries(shown), AUTH_TRUST_HOST: 'true' };
}

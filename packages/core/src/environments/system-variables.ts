import type { Deployment } from '../deployments/deployment.ts';
import type { Project } from '../projects/project.ts';
import type { Site } from '../ports/ports.ts';

/** Returns the variables with which every build and function learns about itself. */
export function systemVariables(
  project: Project,
  deployment: Deployment,
  site: Site,
  productionHost: string,
): Readonly<Record<string, string>> {
  const { source } = deployment;
  const variables: Record<string, string> = {
    ANCHOR: '1',
    ANCHOR_ENV: deployment.environment,
    ANCHOR_PROJECT: project.name,
    ANCHOR_URL: site.urlOf(deployment.host),
    ANCHOR_PRODUCTION_URL: site.urlOf(productionHost),
    ANCHOR_DEPLOYMENT_ID: deployment.id,
  };
  if (source.commit !== undefined) variables['ANCHOR_GIT_COMMIT_SHA'] = source.commit;
  if (source.branch !== undefined) variables['ANCHOR_GIT_BRANCH'] = source.branch;
  if (source.message !== undefined)
    variables['ANCHOR_GIT_COMMIT_MESSAGE'] = (source.message.split('\n')[0] ?? '').slice(0, 200);
  if (source.kind === 'git' && source.author !== undefined) variables['ANCHOR_GIT_COMMIT_AUTHOR'] = source.author;
  if (deployment.pullRequest !== undefined) variables['ANCHOR_PULL_REQUEST'] = String(deployment.pullRequest.number);
  return variables;
}

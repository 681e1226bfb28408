import { branchHost, environmentHost, pullRequestHost } from '../aliases/host.ts';
import type { AliasKind } from '../aliases/alias.ts';
import { parseProjectName, PREVIEW, type BranchName, type HostName } from '../names/name.ts';
import type { Ports } from '../ports/ports.ts';
import type { Project } from '../projects/project.ts';
import type { Deployment } from './deployment.ts';

export type Target = Readonly<{ host: HostName; kind: AliasKind; target: string }>;

/** The hosts that should point at a deployment once it is good: its environment's, its branch's, its pull request's. */
export const targetsOf =
  (ports: Pick<Ports, 'aliases' | 'projects' | 'site'>) =>
  async (project: Project, deployment: Deployment): Promise<readonly Target[]> => {
    const targets: Target[] = [];
    const { domain } = ports.site;
    // The host that clients know moves last, when everything else is in place.
    const fork = deployment.pullRequest?.fork === true;
    const own = deployment.source.branch;
    for (const branch of fork || own === undefined ? [] : openBranches(deployment)) {
      const plain = await branchHost(project.name, branch, domain, false);
      // Two branches of one commit may share a slug, too, before either has its host.
      const taken = targets.some(({ host }) => host === plain);
      const host =
        taken || (await belongsElsewhere(ports, project, plain, branch))
          ? await branchHost(project.name, branch, domain, true)
          : plain;
      targets.push({ host, kind: 'branch', target: branch });
    }
    if (deployment.pullRequest !== undefined)
      targets.push({
        host: pullRequestHost(project.name, deployment.pullRequest.number, domain),
        kind: 'pull_request',
        target: String(deployment.pullRequest.number),
      });
    if (deployment.environment !== PREVIEW)
      targets.push({
        host: environmentHost(project.name, deployment.environment, domain),
        kind: 'environment',
        target: deployment.environment,
      });
    return targets;
  };

/** Returns the branches whose head is this deployment's commit. */
export function openBranches({ source, alsoBranches = [], closedBranches = [] }: Deployment): readonly BranchName[] {
  return [...(source.branch === undefined ? [] : [source.branch]), ...alsoBranches].filter(
    (branch) => !closedBranches.includes(branch),
  );
}

/**
 * Returns whether a host is taken already: by another branch with the same slug, another project, or a project of that
 * very name.
 */
async function belongsElsewhere(
  ports: Pick<Ports, 'aliases' | 'projects'>,
  project: Project,
  host: HostName,
  target: string,
): Promise<boolean> {
  const alias = await ports.aliases.get(host);
  if (alias !== undefined) return alias.projectId !== project.id || alias.target !== target;
  const label = parseProjectName(host.split('.')[0] ?? '');
  return label.ok && label.value !== project.name && (await ports.projects.byName(label.value)) !== undefined;
}

import type { Alias } from '@anchor/core/aliases/alias.ts';
import { environmentHost } from '@anchor/core/aliases/host.ts';
import { PREVIEW, PRODUCTION, type EnvironmentName } from '@anchor/core/names/name.ts';
import type { Ports } from '@anchor/core/ports/ports.ts';
import type { Project } from '@anchor/core/projects/project.ts';
import type { Environment } from './contract.ts';

type ViewPorts = Pick<Ports, 'aliases' | 'variables' | 'site'>;

/**
 * Returns production, preview, the stages of the branch rules, and every environment that has variables or serves
 * something.
 */
export async function environmentViews(ports: ViewPorts, project: Project): Promise<readonly Environment[]> {
  const [aliases, variables] = [await ports.aliases.listByProject(project.id), await ports.variables.list(project.id)];
  const served = aliases
    .filter((alias) => alias.kind === 'environment')
    .map((alias) => alias.target as EnvironmentName);
  const names = new Set<EnvironmentName>([
    PRODUCTION,
    PREVIEW,
    ...project.branchRules.map((rule) => rule.environment),
    ...served,
    ...variables.map((variable) => variable.environment),
  ]);
  return [...names].map((name) =>
    view(
      ports,
      project,
      name,
      aliases.find((alias) => alias.kind === 'environment' && alias.target === name),
      variables.filter((variable) => variable.environment === name).length,
    ),
  );
}

export async function environmentView(ports: ViewPorts, project: Project, name: EnvironmentName): Promise<Environment> {
  const alias =
    name === PREVIEW ? undefined : await ports.aliases.get(environmentHost(project.name, name, ports.site.domain));
  return view(
    ports,
    project,
    name,
    alias?.projectId === project.id ? alias : undefined,
    (await ports.variables.list(project.id, name)).length,
  );
}

function view(
  ports: ViewPorts,
  project: Project,
  name: EnvironmentName,
  alias: Alias | undefined,
  variables: number,
): Environment {
  const rules = project.branchRules.filter((rule) => rule.environment === name).map((rule) => rule.pattern);
  return {
    name,
    branches: name === PRODUCTION ? [project.productionBranch, ...rules] : rules,
    url: name === PREVIEW ? undefined : ports.site.urlOf(environmentHost(project.name, name, ports.site.domain)),
    deploymentId: alias?.deploymentId,
    pinned: alias?.pinned ?? false,
    earlier: [...(alias?.history ?? [])],
    revision: alias?.revision,
    variables,
    updatedAt: alias?.updatedAt,
  };
}

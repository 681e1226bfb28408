import { removeDomainsOf } from '../domains/remove-domain.ts';
import type { ProjectId } from '../names/id.ts';
import { REMOVED_PROJECTS } from '../ports/facts.ts';
import type { Ports } from '../ports/ports.ts';
import { fail, ok, type Result } from '../result/result.ts';

/** Removes a project: its hosts go offline first, then its records go; blobs go with the next clean-up. */
export const removeProject =
  (
    ports: Pick<
      Ports,
      | 'projects'
      | 'domains'
      | 'certificates'
      | 'served'
      | 'clock'
      | 'site'
      | 'aliases'
      | 'deployments'
      | 'variables'
      | 'deliveries'
      | 'repositories'
      | 'functions'
      | 'queue'
      | 'logs'
      | 'facts'
    >,
  ) =>
  async (id: ProjectId): Promise<Result<void>> => {
    const project = await ports.projects.get(id);
    if (project === undefined)
      return fail('not_found', 'There is no such project', 'List projects with: anchor projects list');
    await ports.facts.set(REMOVED_PROJECTS, String(Number((await ports.facts.get(REMOVED_PROJECTS)) ?? 0) + 1));
    await pause(ports, id);
    await removeDomainsOf(ports)(id);
    await removeAliases(ports, id);
    for (;;) {
      const { items } = await ports.deployments.list({ projectId: id }, { limit: 100 });
      if (items.length === 0) break;
      for (const deployment of items) {
        await ports.queue.cancel(deployment.id);
        await ports.functions.stop(deployment.id);
        await ports.logs.remove(deployment.id);
        await ports.deployments.remove(deployment.id);
      }
    }
    for (;;) {
      const { items } = await ports.deliveries.list({ projectId: id }, { limit: 100 });
      if (items.length === 0) break;
      for (const delivery of items) await ports.deliveries.remove(delivery.id);
    }
    for (const variable of await ports.variables.list(id)) await ports.variables.remove(variable.id);
    await ports.repositories.remove(id);
    // A switch that was running has perhaps made hosts meanwhile; their names must be free for another project.
    await removeAliases(ports, id);
    await ports.projects.remove(id);
    // A fetch that had found the project has perhaps created it again meanwhile.
    await ports.repositories.remove(id);
    return ok(undefined);
  };

/** Stops deployments by pushes from here on. */
async function pause(ports: Pick<Ports, 'projects'>, id: ProjectId): Promise<void> {
  for (;;) {
    const project = await ports.projects.get(id);
    if (
      project === undefined ||
      project.status === 'paused' ||
      (await ports.projects.replace({ ...project, status: 'paused', version: project.version + 1 }))
    )
      return;
  }
}

async function removeAliases(ports: Pick<Ports, 'aliases'>, id: ProjectId): Promise<void> {
  for (const alias of await ports.aliases.listByProject(id)) await ports.aliases.remove(alias.host);
}

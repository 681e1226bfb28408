import { updateDeployment } from '../deployments/update.ts';
import { parseHostName } from '../names/name.ts';
import type { Ports } from '../ports/ports.ts';

/** Gives every alias its host under the domain of this start: what an earlier start named otherwise would be reachable only there. Answers how many moved. */
export const moveToDomain = (ports: Pick<Ports, 'projects' | 'aliases' | 'deployments' | 'clock' | 'site'>) => async (): Promise<number> => {
  const suffix = `.${ports.site.domain}`;
  let moved = 0;
  let cursor: string | undefined;
  do {
    const page = await ports.projects.list({ limit: 100, ...(cursor === undefined ? {} : { cursor }) });
    for (const project of page.items) {
      for (const alias of await ports.aliases.listByProject(project.id)) {
        if (alias.host.endsWith(suffix)) continue;
        const host = parseHostName(`${alias.host.split('.')[0] ?? ''}${suffix}`);
        if (!host.ok) continue;
        const there = await ports.aliases.get(host.value);
        // A crash in the middle left both: the new one stands, the old one goes.
        if (there === undefined) await ports.aliases.compareAndSet({ ...alias, host: host.value, revision: 1, updatedAt: ports.clock.now() });
        if (alias.kind === 'deployment') await updateDeployment(ports)(alias.deploymentId, (current) => (current.host === host.value ? undefined : { host: host.value }));
        await ports.aliases.remove(alias.host);
        moved++;
      }
    }
    cursor = page.cursor;
  } while (cursor !== undefined);
  return moved;
};

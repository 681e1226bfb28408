import { updateDeployment } from '../deployments/update.ts';
import { processRecord } from '../records/process-record.ts';
import type { Alias } from './alias.ts';
import { parseHostName } from '../names/name.ts';
import type { Ports } from '../ports/ports.ts';

type MigratePorts = Pick<Ports, 'projects' | 'aliases' | 'deployments' | 'failedRecords' | 'clock' | 'site'>;

/** Renames the host of every alias to the current domain, after `--domain` changed. Returns how many were renamed. */
export const migrateAliasDomain =
  (ports: MigratePorts, report?: (message: string) => void) => async (): Promise<number> => {
    const suffix = `.${ports.site.domain}`;
    let moved = 0;
    let cursor: string | undefined;
    do {
      const page = await ports.projects.list({ limit: 100, ...(cursor === undefined ? {} : { cursor }) });
      for (const project of page.items) {
        for (const alias of await ports.aliases.listByProject(project.id)) {
          if (alias.kind === 'domain' || alias.host.endsWith(suffix)) continue;
          const outcome = await processRecord(ports, report)(
            { kind: 'alias', id: alias.host, project: project.id },
            () => migrateAlias(ports, alias, suffix),
          );
          if (outcome === 'processed') moved++;
        }
      }
      cursor = page.cursor;
    } while (cursor !== undefined);
    return moved;
  };

async function migrateAlias(ports: MigratePorts, alias: Alias, suffix: string): Promise<string | undefined> {
  const host = parseHostName(`${alias.host.split('.')[0] ?? ''}${suffix}`);
  if (!host.ok) return host.error.message;
  const there = await ports.aliases.get(host.value);
  // A crash in the middle left both: the new one stays, the old one is removed.
  if (there === undefined)
    await ports.aliases.compareAndSet({ ...alias, host: host.value, revision: 1, updatedAt: ports.clock.now() });
  if (alias.kind === 'deployment')
    await updateDeployment(ports)(alias.deploymentId, (current) =>
      current.host === host.value ? undefined : { host: host.value },
    );
  await ports.aliases.remove(alias.host);
  return undefined;
}

import type { Alias } from '../aliases/alias.ts';
import { environmentHost } from '../aliases/host.ts';
import { switchAlias } from '../aliases/switch-alias.ts';
import type { EnvironmentName } from '../names/name.ts';
import type { Ports } from '../ports/ports.ts';
import type { Project } from '../projects/project.ts';
import { ok, type Result } from '../result/result.ts';
import { hostOf } from './domain-name.ts';
import { isServed, type Domain } from './domain.ts';

type AliasPorts = Pick<Ports, 'aliases' | 'clock' | 'domains' | 'probe' | 'projects' | 'site'>;

/**
 * Points every served domain of an environment at what the environment's own host serves. Called after each switch of
 * that host, and by the checks of a domain, which also complete what a crash left.
 */
export const followEnvironment =
  (ports: AliasPorts) =>
  async (project: Project, environment: EnvironmentName): Promise<Result<void>> => {
    let cursor: string | undefined;
    let first: Result<unknown> = ok(undefined);
    do {
      const page = await ports.domains.list(project.id, { limit: 100, ...(cursor === undefined ? {} : { cursor }) });
      for (const domain of page.items) {
        if (domain.target.kind !== 'environment' || domain.target.environment !== environment) continue;
        const moved = await followOne(ports)(project, domain);
        if (!moved.ok && first.ok) first = moved;
      }
      cursor = page.cursor;
    } while (cursor !== undefined);
    return first.ok ? ok(undefined) : first;
  };

/** Points one domain at what its environment serves. Does nothing for one that never was served, or a redirect. */
export const followOne =
  (ports: AliasPorts) =>
  async (project: Project, domain: Domain): Promise<Result<void>> => {
    if (!domain.holder || domain.target.kind !== 'environment') return ok(undefined);
    const { environment } = domain.target;
    const host = hostOf(domain.name);
    for (;;) {
      // Removed or taken over meanwhile: an alias that was moved before this is known must not stay.
      if ((await ports.domains.get(domain.id))?.holder !== true) {
        await removeAliasOf(ports)(domain);
        return ok(undefined);
      }
      const source = await ports.aliases.get(environmentHost(project.name, environment, ports.site.domain));
      if (source === undefined || source.projectId !== project.id) return ok(undefined);
      let expected = await ports.aliases.get(host);
      // The holder has the name: what another project left there goes.
      if (expected !== undefined && expected.projectId !== project.id) {
        await ports.aliases.remove(host);
        expected = undefined;
      }
      // One whose DNS is wrong since may still have visitors: they must not stay on an old deployment.
      if (expected === undefined ? !isServed(domain) : same(expected, source)) return ok(undefined);
      const moved = await switchAlias(ports)({
        host,
        projectId: project.id,
        deploymentId: source.deploymentId,
        kind: 'domain',
        target: environment,
        pinned: source.pinned,
        expected,
      });
      // A later switch of the environment may have come between: its result is what the domain follows.
      if (!moved.ok && moved.error.code !== 'conflict') return moved;
    }
  };

const same = (alias: Alias, source: Alias): boolean =>
  alias.deploymentId === source.deploymentId && alias.pinned === source.pinned && alias.target === source.target;

/** Removes a domain's alias, unless it is another project's by now. */
export const removeAliasOf =
  (ports: Pick<Ports, 'aliases'>) =>
  async ({ name, projectId }: Pick<Domain, 'name' | 'projectId'>): Promise<void> => {
    const host = hostOf(name);
    if ((await ports.aliases.get(host))?.projectId === projectId) await ports.aliases.remove(host);
  };

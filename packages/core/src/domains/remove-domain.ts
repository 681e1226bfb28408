import type { ProjectId } from '../names/id.ts';
import type { DomainName } from '../names/name.ts';
import { fail, ok, type Result } from '../result/result.ts';
import { domainNotFound } from './check-domain.ts';
import { checkPathOf } from './check-path.ts';
import { removeAliasOf } from './domain-aliases.ts';
import { commandWord } from './domain-name.ts';
import type { DomainPorts } from './domain-ports.ts';
import { moved, type Domain } from './domain.ts';
import { removeCertificates } from './remove-certificates.ts';
import { publishDomains } from './served-domains.ts';

type RemovePorts = Pick<DomainPorts, 'domains' | 'aliases' | 'certificates' | 'served' | 'clock' | 'site'>;

/**
 * Takes a domain from its project: its alias and certificate go at once, its name stays held for 30 days. `not_found`,
 * and `conflict` while another domain redirects to it.
 */
export const removeDomain =
  (ports: RemovePorts) =>
  async (projectId: ProjectId, name: DomainName): Promise<Result<void>> => {
    const domain = await domainOf(ports)(projectId, name);
    if (!domain.ok) return domain;
    const redirects = (await domainsOf(ports)(projectId)).filter(
      ({ target }) => target.kind === 'redirect' && target.to === name,
    );
    const first = redirects[0];
    if (first !== undefined)
      return fail(
        'conflict',
        `${first.name} redirects to ${name}`,
        `Remove it first: anchor domains remove ${commandWord(first.name)}`,
      );
    await withdraw(ports, domain.value);
    await publishDomains(ports)();
    return ok(undefined);
  };

/** Takes all domains from a project that is being removed. */
export const removeDomainsOf =
  (ports: RemovePorts) =>
  async (projectId: ProjectId): Promise<void> => {
    const domains = await domainsOf(ports)(projectId);
    for (const domain of domains) await withdraw(ports, domain);
    if (domains.length > 0) await publishDomains(ports)();
  };

/** Returns a project's domain by name. */
export const domainOf =
  (ports: Pick<DomainPorts, 'domains'>) =>
  async (projectId: ProjectId, name: DomainName): Promise<Result<Domain>> => {
    const found = (await ports.domains.byName(name)).find(
      (domain) => domain.projectId === projectId && domain.state !== 'removed',
    );
    return found === undefined ? domainNotFound() : ok(found);
  };

async function withdraw(ports: RemovePorts, domain: Domain): Promise<void> {
  for (let current: Domain | undefined = domain; current !== undefined && current.state !== 'removed';) {
    // Before the record as well: what a crash leaves behind is still listed, and can be removed again.
    await release(ports, current);
    const now = ports.clock.now();
    const {
      nextCheckAt: _,
      certificate: __,
      ...removed
    } = moved(current, now, {
      state: 'removed',
      reason: 'Removed from the project',
      steps: [],
    });
    // A claim that failed holds no name: other projects would have to prove that they own theirs.
    const removedAt = current.holder ? now : (current.removedAt ?? 0);
    if (await ports.domains.replace({ ...removed, holder: false, removedAt })) return release(ports, current);
    current = await ports.domains.get(domain.id);
  }
}

/** Ends what the domain is served with. A check publishes its token also for a name that another project holds. */
async function release(ports: RemovePorts, domain: Domain): Promise<void> {
  await ports.served.withdrawChallenge('http', checkPathOf(domain));
  if (!domain.holder) return;
  await removeAliasOf(ports)(domain);
  await removeCertificates(ports)(domain.name);
}

const domainsOf =
  (ports: Pick<DomainPorts, 'domains'>) =>
  async (projectId: ProjectId): Promise<readonly Domain[]> => {
    const all: Domain[] = [];
    let cursor: string | undefined;
    do {
      const page = await ports.domains.list(projectId, { limit: 100, ...(cursor === undefined ? {} : { cursor }) });
      all.push(...page.items);
      cursor = page.cursor;
    } while (cursor !== undefined);
    return all;
  };

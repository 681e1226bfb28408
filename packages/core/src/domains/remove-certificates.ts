import type { DomainName } from '../names/name.ts';
import type { DomainPorts } from './domain-ports.ts';

/** Removes the certificates of a domain. One that is also for another domain stays until that is removed, too. */
export const removeCertificates =
  ({ certificates, domains }: Pick<DomainPorts, 'certificates' | 'domains'>) =>
  (name: DomainName): Promise<void> =>
    certificates.remove(name, async (other) =>
      (await domains.byName(other as DomainName)).some(({ holder }) => holder),
    );

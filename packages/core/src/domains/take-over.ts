import { checkPathOf } from './check-path.ts';
import { removeAliasOf } from './domain-aliases.ts';
import type { DomainPorts } from './domain-ports.ts';
import { moved, type Domain } from './domain.ts';
import { removeCertificates } from './remove-certificates.ts';

/**
 * Takes a name from the project that holds it, after the owner of its DNS named another one. Its certificate goes, too:
 * the loser may have uploaded it, and so know its key. Idempotent.
 */
export const takeOver =
  (ports: Pick<DomainPorts, 'domains' | 'aliases' | 'certificates' | 'clock' | 'served'>) =>
  async (winner: Domain): Promise<void> => {
    for (;;) {
      const others = (await ports.domains.byName(winner.name)).filter(({ id, holder }) => holder && id !== winner.id);
      if (others.length === 0) return;
      for (const other of others) {
        const now = ports.clock.now();
        const lost: Domain = {
          ...moved(other, now, {
            state: 'removed',
            reason: 'The owner of the domain gave it to another project',
            steps: [],
          }),
          holder: false,
          removedAt: now,
        };
        const { nextCheckAt: _, ...stored } = lost;
        if (!(await ports.domains.replace(stored))) continue;
        await removeAliasOf(ports)(other);
        await ports.certificates.removeUploads(other.name);
        await ports.served.withdrawChallenge('http', checkPathOf(other));
        await removeCertificates(ports)(other.name);
      }
    }
  };

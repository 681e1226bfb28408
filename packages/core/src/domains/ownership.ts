import type { ProjectId } from '../names/id.ts';
import type { DomainName } from '../names/name.ts';
import type { Ports } from '../ports/ports.ts';
import { isWildcard, registeredDomain } from './domain-name.ts';
import type { Domain } from './domain.ts';

/** How long a removed name goes to no other project without proof: its DNS may still lead here (dangling DNS). */
export const HELD_MS = 30 * 24 * 60 * 60 * 1000;

/** Returns the name of the TXT record that proves ownership of a name. */
export const ownershipRecord = (name: DomainName): string => `_anchor.${registeredDomain(name)}`;

/** Returns the value that the record must have for a project. It is no secret: to set the record proves ownership. */
export const ownershipValue = (projectId: ProjectId): string => `anchor-project=${projectId}`;

/**
 * Returns whether a project must prove that it owns the name: always for a wildcard, and whenever another project has
 * or had a name of the same registered domain.
 */
export async function needsOwnership(
  ports: Pick<Ports, 'domains' | 'clock'>,
  projectId: ProjectId,
  name: DomainName,
): Promise<boolean> {
  if (isWildcard(name)) return true;
  const now = ports.clock.now();
  const others = await ports.domains.othersWithin(registeredDomain(name), projectId);
  return others.some((other) => hasOrHad(other, now));
}

const hasOrHad = ({ holder, removedAt }: Domain, now: number): boolean =>
  holder || (removedAt !== undefined && now - removedAt < HELD_MS);

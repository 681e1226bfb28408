import type { ProjectId } from '../names/id.ts';
import type { DomainName } from '../names/name.ts';
import { registeredDomain } from './domain-name.ts';

/** How long a removed name goes to no other project without proof: its DNS may still lead here (dangling DNS). */
export const HELD_MS = 30 * 24 * 60 * 60 * 1000;

/** Returns the name of the TXT record that proves ownership of a name. */
export const ownershipRecord = (name: DomainName): string => `_anchor.${registeredDomain(name)}`;

/** Returns the value that the record must have for a project. It is no secret: to set the record proves ownership. */
export const ownershipValue = (projectId: ProjectId): string => `anchor-project=${projectId}`;

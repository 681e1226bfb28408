import type { Authorization, Challenge } from '@anchor/acme/messages/schemas.ts';
import { isAddress, type ChallengeRecord } from '../records/records.ts';

export type ChallengeType = ChallengeRecord['type'];

/**
 * The order in which challenges are tried: those first that need nothing but this server. Not among them is
 * dns-persist-01: its record permits orders for as long as it exists, so it is a user's decision.
 */
export const DEFAULT_TYPES: readonly ChallengeType[] = ['http-01', 'tls-alpn-01', 'dns-01'];

/**
 * Returns the challenges that can verify a name. A wildcard is verified by DNS alone, and an address by a connection
 * alone; dns-01 needs a provider that may write the zone.
 */
export function possibleTypes(
  name: string,
  preferred: readonly ChallengeType[],
  dnsWritable: boolean,
): readonly ChallengeType[] {
  return preferred.filter((type) => {
    if (type === 'dns-01') return dnsWritable && !isAddress(name);
    if (type === 'dns-persist-01') return !isAddress(name);
    return !name.startsWith('*.');
  });
}

/** Picks one of the possible types that the CA offers: another one after each failure. */
export function pickChallenge(
  { challenges }: Authorization,
  possible: readonly ChallengeType[],
  failures: number,
): (Challenge & Readonly<{ type: ChallengeType }>) | undefined {
  const offered = possible.flatMap((type) => {
    const challenge = challenges.find((each) => each.type === type);
    return challenge === undefined ? [] : [{ ...challenge, type }];
  });
  return offered[failures % Math.max(offered.length, 1)];
}

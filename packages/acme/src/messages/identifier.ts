import { z } from 'zod';

/** What a certificate is for: a DNS name in lower-case ASCII, or an IP address (RFC 8738). */
export const identifierSchema = z.object({ type: z.string().max(50), value: z.string().max(300) });
export type Identifier = Readonly<{ type: 'dns' | 'ip'; value: string }>;

/** Returns whether two lists hold the same identifiers, in any order. */
export function sameIdentifiers(
  one: readonly z.infer<typeof identifierSchema>[],
  other: readonly z.infer<typeof identifierSchema>[],
): boolean {
  const keys = (list: typeof one): string =>
    [...new Set(list.map(({ type, value }) => `${type}:${value.toLowerCase()}`))].sort().join(' ');
  return keys(one) === keys(other);
}

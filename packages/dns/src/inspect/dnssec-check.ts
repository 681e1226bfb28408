import type { DnsFault } from '@anchor/core/ports/dns-lookup.ts';
import type { Budget } from '../walk/budget.ts';
import type { DnsClient } from '../wire/dns-client.ts';
import type { DnsServer } from '../wire/exchange.ts';

/**
 * Returns a fault when validating resolvers refuse a name because of DNSSEC: SERVFAIL with validation, a response
 * without (CD). CAs validate, so such a name gets no certificate. Resolvers that do not respond prove nothing.
 */
export async function checkDnssec(
  client: DnsClient,
  resolvers: readonly DnsServer[],
  name: string,
  budget: Budget,
): Promise<readonly DnsFault[]> {
  const question = { name, type: 'A' as const };
  for (const resolver of resolvers) {
    if (!budget.take()) return [];
    const validated = await client.query(resolver, question, { recursive: true, withinMs: budget.remainingMs });
    if (!validated.ok || validated.value.rcode === 'REFUSED') continue;
    if (validated.value.rcode !== 'SERVFAIL' || !budget.take()) return [];
    const options = { recursive: true, checkingDisabled: true, withinMs: budget.remainingMs };
    const unchecked = await client.query(resolver, question, options);
    if (!unchecked.ok || !['NOERROR', 'NXDOMAIN'].includes(unchecked.value.rcode)) return [];
    const reason = validated.value.extendedError?.text ?? '';
    const text = `DNSSEC of ${name} is broken: validating resolvers respond with SERVFAIL`;
    return [{ kind: 'dnssec', text: reason === '' ? text : `${text} (${reason})` }];
  }
  return [];
}

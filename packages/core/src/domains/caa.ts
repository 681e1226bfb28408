import type { Authority } from '../ports/certificates.ts';
import type { CaaRecord, DnsReport } from '../ports/dns-lookup.ts';
import { isWildcard } from './domain-name.ts';

/** Property tags that are understood; a critical record with another one forbids every CA (RFC 8659, section 4.1). */
const KNOWN_TAGS = new Set(['issue', 'issuewild', 'iodef', 'issuemail', 'contactemail', 'contactphone']);

/**
 * Returns why the CAA set of a report allows none of the CAs; undefined when one may issue. `accounturi` and
 * `validationmethods` are those of RFC 8657.
 */
export function caaRefusal({ name, caa }: DnsReport, authorities: readonly Authority[]): string | undefined {
  if (caa === undefined || caa.records.length === 0) return undefined;
  const unknown = caa.records.find(({ critical, tag }) => critical && !KNOWN_TAGS.has(tag.toLowerCase()));
  if (unknown !== undefined) return `a critical CAA record at ${caa.at} has the unknown tag "${unknown.tag}"`;
  const wild = isWildcard(name);
  const rules = rulesFor(caa.records, wild);
  if (rules === undefined) return undefined;
  // A CA without a name in CAA does not check, such as a private one.
  if (
    authorities.some((authority) => authority.caa.length === 0 || rules.some((rule) => allows(rule, authority, wild)))
  )
    return undefined;
  const allowed = rules.map(({ value }) => (value.trim() === ';' || value.trim() === '' ? 'no CA' : value.trim()));
  return `the CAA record at ${caa.at} allows ${[...new Set(allowed)].join(' and ')} only`;
}

/** The rules that apply; undefined when none restricts. `issuewild` replaces `issue` for wildcards. */
function rulesFor(records: readonly CaaRecord[], wild: boolean): readonly CaaRecord[] | undefined {
  const of = (tag: string) => records.filter((record) => record.tag.toLowerCase() === tag);
  const rules = wild && of('issuewild').length > 0 ? of('issuewild') : of('issue');
  return rules.length === 0 ? undefined : rules;
}

function allows({ value }: CaaRecord, { caa, accountUri }: Authority, wild: boolean): boolean {
  const [issuer = '', ...parameters] = value.split(';').map((part) => part.trim());
  if (!caa.includes(issuer.toLowerCase())) return false;
  return parameters.every((parameter) => {
    const [key = '', text = ''] = parameter.split('=', 2).map((part) => part.trim());
    if (key.toLowerCase() === 'accounturi') return accountUri === undefined || text === accountUri;
    if (key.toLowerCase() !== 'validationmethods') return true;
    const methods = text.toLowerCase().split(',');
    return (wild ? ['dns-01'] : ['http-01', 'tls-alpn-01', 'dns-01']).some((method) => methods.includes(method));
  });
}

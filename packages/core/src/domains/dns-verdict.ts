import type { Authority } from '../ports/certificates.ts';
import type { AddressCheck, DnsReport } from '../ports/dns-lookup.ts';
import { caaRefusal } from './caa.ts';
import { cdnAdvice } from './cdn.ts';
import { isWildcard, registeredDomain } from './domain-name.ts';
import type { DomainStep } from './domain.ts';

/** What is wrong with the DNS of a domain and how to fix it; undefined: it leads here. */
export type DnsVerdict = Readonly<{ reason: string; steps: readonly DomainStep[] }> | undefined;

/** The addresses that names must resolve to; empty when the server does not know its own. */
export type PublicAddresses = readonly string[];

/**
 * Judges a report: the first finding that a certificate or a client would fail on. Steps name the exact records, and
 * what the name resolves to now.
 */
export function dnsVerdict(
  report: DnsReport,
  publicAddresses: PublicAddresses,
  authorities: readonly Authority[],
): DnsVerdict {
  return (
    brokenZone(report) ??
    noAddress(report, publicAddresses) ??
    wrongAddresses(report, publicAddresses) ??
    forbidden(report, authorities)
  );
}

function brokenZone({ name, servers, faults, a, aaaa }: DnsReport): DnsVerdict {
  const dnssec = faults.find(({ kind }) => kind === 'dnssec');
  if (dnssec !== undefined)
    return {
      reason: `DNSSEC of ${registeredDomain(name)} is broken: ${dnssec.text}`,
      steps: [
        {
          text: `At the registrar of ${registeredDomain(name)}, remove the DS record, or replace it with the one that your DNS provider shows.`,
        },
      ],
    };
  if (servers.length > 0 || a.length > 0 || aaaa.length > 0) return undefined;
  const why = faults.map(({ text }) => text).join('; ');
  return {
    reason:
      why === ''
        ? `${registeredDomain(name)} is not registered, or has no name servers`
        : `The name servers of ${registeredDomain(name)} do not respond: ${why}`,
    steps: [
      { text: `Register ${registeredDomain(name)}, and set the name servers of your DNS provider at the registrar.` },
    ],
  };
}

function noAddress(report: DnsReport, publicAddresses: PublicAddresses): DnsVerdict {
  const { name, a, aaaa, cname, exists, faults } = report;
  if (a.length > 0 || aaaa.length > 0) return undefined;
  const last = cname.at(-1);
  const fault = faults[0];
  return {
    reason:
      last !== undefined
        ? `${name} is an alias of ${last}, which has no address`
        : fault !== undefined
          ? `${name} cannot be looked up: ${fault.text}`
          : exists
            ? `${name} has neither an A nor an AAAA record`
            : `${name} does not exist`,
    steps: recordsToSet(report, publicAddresses),
  };
}

function wrongAddresses(report: DnsReport, publicAddresses: PublicAddresses): DnsVerdict {
  const { name, cdn } = report;
  if (isWildcard(name)) return wrongWildcard(report, publicAddresses);
  const wrong = report.addresses.filter(({ outcome }) => outcome !== 'ours');
  const first = wrong[0];
  if (first === undefined) return undefined;
  if (cdn !== undefined) return cdnAdvice(report, cdn, first, recordsToSet(report, publicAddresses));
  if (publicAddresses.includes(first.address)) return closedPort(report, first);
  const right = report.addresses.filter(({ outcome }) => outcome === 'ours');
  if (right.length === 0)
    return {
      reason: `${name} leads to ${wrong.map(({ address }) => address).join(', ')}, not to this server: ${outcomeText(first)}`,
      steps: recordsToSet(report, publicAddresses),
    };
  const type = first.address.includes(':') ? 'AAAA' : 'A';
  return {
    reason: `The ${type} record ${first.address} of ${name} does not lead to this server, although ${right[0]?.address ?? ''} does: ${outcomeText(first)}`,
    steps: wrong.map(({ address }) => removal(report, address, publicAddresses)),
  };
}

/** Checks the addresses of a wildcard, which has no host that could be requested. */
function wrongWildcard(report: DnsReport, publicAddresses: PublicAddresses): DnsVerdict {
  if (publicAddresses.length === 0 || report.cdn !== undefined) return undefined;
  const wrong = [...report.a, ...report.aaaa].filter((address) => !publicAddresses.includes(address));
  if (wrong.length === 0) return undefined;
  return {
    reason: `${report.name} leads to ${wrong.join(', ')}, not to this server`,
    steps: recordsToSet(report, publicAddresses),
  };
}

/** Explains a correct record whose port is closed, or served by another program. */
function closedPort({ name }: DnsReport, check: AddressCheck): DnsVerdict {
  const other = check.outcome === 'other' || check.outcome === 'redirected';
  return {
    reason: `${name} leads to this server, but port 80 of ${check.address} does not reach it: ${outcomeText(check)}`,
    steps: [
      {
        text: other
          ? `Stop the other program on port 80 of ${check.address}, or make it pass /.well-known/ on to the platform.`
          : `Open ports 80 and 443 of ${check.address} in the firewall and the router.`,
      },
    ],
  };
}

function forbidden(report: DnsReport, authorities: readonly Authority[]): DnsVerdict {
  const refusal = caaRefusal(report, authorities);
  if (refusal === undefined) return undefined;
  const caa = report.caa;
  const ca = authorities.flatMap((authority) => authority.caa)[0] ?? '';
  const tag = isWildcard(report.name) ? 'issuewild' : 'issue';
  return {
    reason: `No certificate can be issued for ${report.name}: ${refusal}`,
    steps: [
      {
        text: `Add a CAA record that allows ${ca}.`,
        record: {
          type: 'CAA',
          name: caa?.at ?? report.name,
          value: `0 ${tag} "${ca}"`,
          now: (caa?.records ?? []).map((record) => `${record.critical ? 128 : 0} ${record.tag} "${record.value}"`),
        },
      },
    ],
  };
}

/** Returns the records to set, for each address family that the server has, and those to remove. */
function recordsToSet(report: DnsReport, publicAddresses: PublicAddresses): readonly DomainStep[] {
  const { name, cname, a, aaaa } = report;
  const alias: readonly DomainStep[] =
    cname.length === 0 || registeredDomain(name) === name
      ? []
      : [
          {
            text: `Remove the CNAME record of ${name}.`,
            record: { type: 'CNAME', name, value: '', now: cname.slice(0, 1) },
          },
        ];
  const v4 = publicAddresses.filter((address) => !address.includes(':'));
  const v6 = publicAddresses.filter((address) => address.includes(':'));
  if (publicAddresses.length === 0)
    return [
      ...alias,
      {
        text: `Set an A record of ${name} to the public address of this server (it was started without --public-address).`,
      },
    ];
  return [
    ...alias,
    ...v4.map((value) => set(name, 'A', value, a)),
    ...v6.map((value) => set(name, 'AAAA', value, aaaa)),
    ...(v4.length === 0 && a.length > 0 ? a.map((address) => removal(report, address, publicAddresses)) : []),
    ...(v6.length === 0 && aaaa.length > 0 ? aaaa.map((address) => removal(report, address, publicAddresses)) : []),
  ];
}

const set = (name: string, type: 'A' | 'AAAA', value: string, now: readonly string[]): DomainStep => ({
  text: `Set the ${type} record of ${name} to ${value}.`,
  record: { type, name, value, now },
});

function removal({ name, a, aaaa }: DnsReport, address: string, publicAddresses: PublicAddresses): DomainStep {
  const v6 = address.includes(':');
  const type = v6 ? 'AAAA' : 'A';
  const own = publicAddresses.find((one) => one.includes(':') === v6);
  const now = v6 ? aaaa : a;
  return own === undefined || now.includes(own)
    ? { text: `Remove the ${type} record ${address} of ${name}.`, record: { type, name, value: own ?? '', now } }
    : set(name, type, own, now);
}

/** Describes the outcome of a request to an address. */
export function outcomeText({ address, outcome, status, server, location }: AddressCheck): string {
  const by = server === undefined ? '' : ` (${server})`;
  switch (outcome) {
    case 'ours':
      return `${address} is this server`;
    case 'other':
      return `another server responds there${status === undefined ? '' : ` with ${status}`}${by}`;
    case 'redirected':
      return `it redirects to ${location ?? 'another address'}${by}`;
    case 'refused':
      return 'it refuses connections on port 80';
    case 'timeout':
      return 'it does not respond on port 80';
    case 'unreachable':
      return 'it cannot be reached';
    case 'private':
      return 'it is a private address, which the internet cannot reach';
  }
}

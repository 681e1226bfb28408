import type { DomainId } from '../names/id.ts';
import type { CertificateStatus } from '../ports/certificates.ts';
import type { DnsReport } from '../ports/dns-lookup.ts';
import { fail, ok, type Result } from '../result/result.ts';
import { certificateVerdict, type Verdict } from './certificate-verdict.ts';
import { checkPathOf } from './check-path.ts';
import { delayOf } from './check-schedule.ts';
import { dnsVerdict } from './dns-verdict.ts';
import { clockWarning } from './clock-warning.ts';
import { followOne } from './domain-aliases.ts';
import { isWildcard } from './domain-name.ts';
import type { DomainPorts } from './domain-ports.ts';
import { moved, type Domain } from './domain.ts';
import { ownershipRecord, ownershipValue } from './ownership.ts';
import { publishDomains, servedDomains } from './served-domains.ts';
import { takeOver } from './take-over.ts';

const MIN_DELAY_MS = 1_000;
/** Interval of the checks while a renewal is due. */
const RENEWAL_POLL_MS = 10 * 60_000;

/** What one check found: the verdict, and what goes into the record with it. */
type Finding = Readonly<{ verdict: Verdict; changes: Partial<Domain> }>;

/**
 * Checks one domain: inspects its DNS, derives its state from DNS and certificate, requests a missing certificate, and
 * publishes the result to the edge. `onDemand` inspects the DNS even if the state does not need it, and lets the next
 * checks follow soon: its user is about to change something. Idempotent: of two concurrent checks, the later write is
 * dropped.
 */
export const checkDomain =
  (ports: DomainPorts) =>
  async (id: DomainId, onDemand = false, signal?: AbortSignal): Promise<Result<Domain>> => {
    const domain = await ports.domains.get(id);
    if (domain === undefined || domain.state === 'removed') return domainNotFound();
    const finding = await findingOf(ports, domain, onDemand, signal);
    if (finding.verdict.request === true) {
      const requested = await ports.certificates.request([domain.name], 'domain');
      if (!requested.ok) return settle(ports, domain, refused(finding, requested.error), onDemand);
    }
    return settle(ports, domain, finding, onDemand);
  };

async function findingOf(
  ports: DomainPorts,
  domain: Domain,
  onDemand: boolean,
  signal: AbortSignal | undefined,
): Promise<Finding> {
  const status = await ports.certificates.statusOf(domain.name);
  // An order in flight does its own DNS checks, so its state alone decides.
  const following = status.order !== undefined && (domain.state === 'issuing' || domain.state === 'renewing');
  if (following && !onDemand && domain.holder) return judge(ports, domain, undefined, status);
  if (!isWildcard(domain.name))
    await ports.served.publishChallenge({
      kind: 'http',
      host: domain.name,
      path: checkPathOf(domain),
      text: domain.checkToken,
    });
  const report = await ports.dns.inspect(
    {
      name: domain.name,
      ownership: ownershipRecord(domain.name),
      path: checkPathOf(domain),
      token: domain.checkToken,
    },
    signal,
  );
  const owned = await verifyOwnership(ports, domain, report);
  if (!owned.ok) return owned.error;
  // A take-over removes the certificates of the project that had the name.
  const current = owned.value.holder === undefined ? status : await ports.certificates.statusOf(domain.name);
  return judge(ports, { ...domain, ...owned.value }, report, current, owned.value);
}

/** Returns what changes once ownership is known, or the finding that it is missing. */
async function verifyOwnership(
  ports: DomainPorts,
  domain: Domain,
  report: DnsReport,
): Promise<Result<Partial<Domain>, Finding>> {
  const now = ports.clock.now();
  if (domain.holder && (!domain.ownership.required || domain.ownership.verifiedAt !== undefined)) return ok({});
  const wanted = ownershipValue(domain.projectId);
  const proven = report.ownership.some((value) => value.trim() === wanted);
  const record = ownershipRecord(domain.name);
  if (!proven) {
    const dns = dnsVerdict(report, ports.site.publicAddresses ?? [], ports.certificates.authorities());
    const faults = report.faults.map(({ text }) => text).join('; ');
    const verdict: Verdict = {
      state: 'unverified',
      reason: `${record} does not say that this project owns ${domain.name}${faults === '' ? '' : ` (${faults})`}`,
      steps: [
        {
          text: `Set the TXT record ${record} to ${wanted}.`,
          record: { type: 'TXT', name: record, value: wanted, now: report.ownership },
        },
        // The records of the next step can be set at the same time.
        ...(dns?.steps ?? []),
      ],
    };
    return { ok: false, error: { verdict, changes: { observed: observed(report) } } };
  }
  await takeOver(ports)(domain);
  return ok({ holder: true, ownership: { ...domain.ownership, verifiedAt: now } });
}

function judge(
  ports: DomainPorts,
  domain: Domain,
  report: DnsReport | undefined,
  status: CertificateStatus,
  changes: Partial<Domain> = {},
): Finding {
  const { certificates, clock, site } = ports;
  const dns =
    report === undefined ? undefined : dnsVerdict(report, site.publicAddresses ?? [], certificates.authorities());
  const verdict = certificateVerdict(status, dns, report?.cdn ?? domain.observed?.cdn, clock.now());
  const { certificate } = status;
  return {
    verdict: verdict.request === true ? withoutCertificates(ports, domain, verdict) : verdict,
    changes: {
      ...changes,
      ...(report === undefined ? {} : { observed: observed(report) }),
      ...(certificate === undefined
        ? {}
        : {
            certificate: {
              id: certificate.id,
              issuer: certificate.issuer,
              notAfter: certificate.notAfter,
              renewals: certificate.renewals,
              ...(certificate.renewAt === undefined ? {} : { renewAt: certificate.renewAt }),
            },
          }),
    },
  };
}

/** Replaces the verdict for a name that no CA can issue for: served over plain HTTP, or failed with the reason. */
function withoutCertificates({ certificates }: DomainPorts, { name }: Domain, verdict: Verdict): Verdict {
  const possible = certificates.canIssue(name);
  if (possible.ok) return verdict;
  const { message, fix } = possible.error;
  if (certificates.authorities().length === 0)
    return { state: 'active', reason: `Served over plain HTTP: ${message}`, steps: [{ text: fix }] };
  return { state: 'failed', reason: message, steps: [{ text: fix }] };
}

const refused = (finding: Finding, { message, fix }: Readonly<{ message: string; fix: string }>): Finding => ({
  ...finding,
  verdict: { state: 'failed', reason: `No certificate: ${message}`, steps: [{ text: fix }] },
});

const observed = ({ at, a, aaaa, cname, cdn }: DnsReport): NonNullable<Domain['observed']> => ({
  at,
  a,
  aaaa,
  cname,
  ...(cdn === undefined ? {} : { cdn }),
});

/** Stores the finding unless the domain changed concurrently, then updates its alias and the edge. */
async function settle(
  ports: DomainPorts,
  domain: Domain,
  { verdict, changes }: Finding,
  onDemand: boolean,
): Promise<Result<Domain>> {
  const now = ports.clock.now();
  const { state, reason, steps } = withClock(verdict, ports.certificates.clockSkewMs());
  const attempts = domain.state === state && !onDemand ? domain.attempts + 1 : 0;
  const due = now + delayOf(state, attempts);
  const next: Domain = {
    ...moved({ ...domain, ...changes }, now, { state, reason, steps }),
    attempts,
    nextCheckAt: Math.max(now + MIN_DELAY_MS, Math.min(due, verdict.retryAt ?? due, renewalOf(changes, now) ?? due)),
  };
  if (!(await ports.domains.replace(next))) {
    const current = await ports.domains.get(domain.id);
    return current === undefined || current.state === 'removed' ? domainNotFound() : ok(current);
  }
  const project = await ports.projects.get(next.projectId);
  if (project !== undefined) {
    const followed = await followOne(ports)(project, next);
    if (!followed.ok) return followed;
  }
  if (servedDifferently(domain, next, now)) await publishDomains(ports)();
  return ok(next);
}

/** Warns of a wrong clock beside what the verdict says: certificates then seem expired, or not valid yet. */
function withClock({ state, reason, steps }: Verdict, skewMs: number): Pick<Verdict, 'state' | 'reason' | 'steps'> {
  const warning = clockWarning(skewMs);
  if (warning === undefined) return { state, reason, steps };
  return { state, reason: `${reason}. ${warning.message}`, steps: [...steps, { text: `${warning.fix}.` }] };
}

/** Returns when to look for the renewed certificate of an active domain (milliseconds since the epoch). */
const renewalOf = ({ certificate }: Partial<Domain>, now: number): number | undefined =>
  certificate?.renewAt === undefined ? undefined : Math.max(certificate.renewAt, now) + RENEWAL_POLL_MS;

/** Returns whether the edge serves the domain differently: a renewal alone changes nothing for it. */
const servedDifferently = (before: Domain, after: Domain, now: number): boolean =>
  JSON.stringify(servedDomains([before], before.updatedAt)) !== JSON.stringify(servedDomains([after], now));

export const domainNotFound = () =>
  fail('not_found', 'There is no such domain in this project', 'List them with: anchor domains list');

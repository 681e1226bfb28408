import { certificateWarnings } from '@anchor/core/domains/certificate-watch.ts';
import type { Domain, DomainState } from '@anchor/core/domains/domain.ts';
import type { Site } from '@anchor/core/ports/ports.ts';
import type { Certificate } from '@anchor/core/ports/certificates.ts';
import type * as contract from './contract.ts';
import { compact } from './views.ts';

/** The state in the three words that the API has for it. */
const STATUS: Readonly<Record<Exclude<DomainState, 'removed'>, contract.Domain['status']>> = {
  pending: 'pending',
  unverified: 'pending',
  dns_wrong: 'pending',
  issuing: 'pending',
  active: 'active',
  renewing: 'active',
  failed: 'failed',
  expired: 'failed',
};

export function domainView(domain: Domain, site: Site): contract.Domain {
  // Removed domains are in no listing and found by no name.
  const state = domain.state === 'removed' ? 'failed' : domain.state;
  return {
    name: domain.name,
    projectId: domain.projectId,
    target: domain.target,
    status: STATUS[state],
    state,
    reason: domain.reason,
    since: domain.since,
    nextCheckAt: domain.nextCheckAt,
    steps: domain.steps.map(({ text, record }) => ({
      text,
      ...(record === undefined ? {} : { record: { ...record, now: [...record.now] } }),
    })),
    resolvesTo:
      domain.observed === undefined
        ? undefined
        : {
            ...domain.observed,
            a: [...domain.observed.a],
            aaaa: [...domain.observed.aaaa],
            cname: [...domain.observed.cname],
          },
    certificate: domain.certificate === undefined ? undefined : { ...domain.certificate },
    url: site.urlOf(domain.name),
    events: domain.events.map((event) => ({ ...event })),
    createdAt: domain.createdAt,
    updatedAt: domain.updatedAt,
  };
}

export function certificateView(certificate: Certificate, now: number): contract.Certificate {
  const warning = certificateWarnings([certificate], now)[0];
  return compact({ ...certificate, names: [...certificate.names], warning: warning?.message });
}

import type { Domain, DomainStep } from '@anchor/client/schemas/domain.ts';
import { shellWord } from '../folder/git.ts';
import type { Output } from '../output/output.ts';
import { keyValueTable, table } from '../output/table.ts';
import { ago, duration } from '../output/units.ts';

/** The words for a state, as a user reads them. */
const STATE_TEXTS: Readonly<Record<Domain['state'], string>> = {
  pending: 'pending',
  unverified: 'not verified',
  dns_wrong: 'DNS is wrong',
  issuing: 'certificate is being issued',
  active: 'active',
  renewing: 'active, certificate is being renewed',
  failed: 'failed',
  expired: 'certificate expired',
};

export const stateText = (domain: Domain): string => STATE_TEXTS[domain.state];

/** Returns what a domain serves: an environment, or the name that it redirects to. */
export const targetText = ({ target }: Domain): string =>
  target.kind === 'environment' ? target.environment : `redirects to ${target.to}`;

/** Returns a domain as a word of a command line: shells expand `*`. */
export const domainWord = (name: string): string => (name.includes('*') ? shellWord(name) : name);

/** Describes a domain with the steps to fix it, as lines for a user. */
export function domainLines(domain: Domain, out: Output, now: number): readonly string[] {
  const { color, safe } = out;
  const mark =
    domain.status === 'active' ? color.green('✓') : domain.status === 'failed' ? color.red('✗') : color.cyan('▸');
  const { resolvesTo, certificate } = domain;
  const addresses = [...(resolvesTo?.a ?? []), ...(resolvesTo?.aaaa ?? [])];
  return [
    `${mark} ${domain.name}: ${stateText(domain)}`,
    ...keyValueTable([
      ['  why', safe(domain.reason)],
      ['  serves', targetText(domain)],
      ['  resolves to', resolvesTo === undefined ? undefined : safe(addresses.join(', ') || 'nothing')],
      [
        '  certificate',
        certificate === undefined
          ? undefined
          : `${safe(certificate.issuer)}, until ${new Date(certificate.notAfter).toISOString().slice(0, 10)}`,
      ],
      ['  since', ago(domain.since, now)],
      [
        '  next check',
        domain.nextCheckAt === undefined || domain.status === 'active'
          ? undefined
          : `in ${duration(Math.max(0, domain.nextCheckAt - now))}`,
      ],
    ]),
    ...stepLines(domain.steps, out),
  ];
}

/** Formats steps, and below them the records to set as DNS providers show them, with what is set now. */
export function stepLines(steps: readonly DomainStep[], { color, safe }: Output): readonly string[] {
  const rows = steps.flatMap(({ record }) =>
    record === undefined
      ? []
      : [
          [
            record.type,
            safe(record.name),
            record.value === '' ? '(remove it)' : color.bold(safe(record.value)),
            safe(record.now.join(', ') || 'nothing'),
          ],
        ],
  );
  return [
    ...steps.map(({ text }) => `  ${color.dim('fix:')} ${safe(text)}`),
    ...(rows.length === 0
      ? []
      : ['', ...table(['type', 'name', 'value', 'now'], rows).map((line) => `       ${line}`)]),
  ];
}

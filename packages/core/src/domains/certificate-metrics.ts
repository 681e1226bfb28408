import type { Certificate } from '../ports/certificates.ts';
import type { Metric } from '../ports/platform-operations.ts';
import { certificateWarnings } from './certificate-watch.ts';

const gauge = (name: string, help: string, samples: Metric['samples']): Metric => ({
  name: `anchor_${name}`,
  help,
  type: 'gauge',
  samples,
});

/** Returns what there is to watch of certificates: when each expires and is renewed, and what needs attention. */
export function certificateMetrics(certificates: readonly Certificate[], now: number): readonly Metric[] {
  const warned = new Map(certificateWarnings(certificates, now).map(({ id, level }) => [id, level]));
  const each = (valueOf: (certificate: Certificate) => number | undefined): Metric['samples'] =>
    certificates.flatMap((certificate) => {
      const { id, names, origin } = certificate;
      const value = valueOf(certificate);
      return value === undefined ? [] : [{ labels: { name: names[0] ?? id, id, origin }, value }];
    });
  return [
    gauge(
      'certificate_expiry_timestamp_seconds',
      'When the certificate expires.',
      each(({ notAfter }) => Math.floor(notAfter / 1000)),
    ),
    gauge(
      'certificate_renewal_timestamp_seconds',
      'When the certificate is renewed, by its CA or after 2/3 of its lifetime. None for uploads.',
      each(({ renewAt }) => (renewAt === undefined ? undefined : Math.floor(renewAt / 1000))),
    ),
    gauge(
      'certificate_renewal_overdue',
      '1 when 2/3 of the lifetime have passed without a renewal, or a week is left. For an upload: a week is left.',
      each(({ id }) => Number(warned.has(id))),
    ),
  ];
}

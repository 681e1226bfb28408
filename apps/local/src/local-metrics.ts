import { certificateMetrics } from '@anchor/core/domains/certificate-metrics.ts';
import type { Metric } from '@anchor/core/ports/platform-operations.ts';
import type { LocalComposition } from './compose.ts';

/** Returns the metrics of a one-machine installation. Counters start at zero with the server. */
export async function localMetrics({
  ports,
  domains,
}: Pick<LocalComposition, 'ports' | 'domains'>): Promise<readonly Metric[]> {
  const { certificates } = domains;
  const { issued, issueFailures, renewed, renewalFailures } = certificates.orderCounts();
  return [
    ...certificateMetrics(await certificates.list(), ports.clock.now()),
    counter('certificate_issues_total', 'First certificates of their names, by result of the order.', {
      succeeded: issued,
      failed: issueFailures,
    }),
    counter('certificate_renewals_total', 'Renewals, by result of the order.', {
      succeeded: renewed,
      failed: renewalFailures,
    }),
    {
      name: 'anchor_certificate_authority_clock_skew_seconds',
      help: "How far the clock of the server is ahead of the CA's.",
      type: 'gauge',
      samples: [{ labels: {}, value: Math.round(certificates.clockSkewMs() / 1000) }],
    },
  ];
}

const counter = (name: string, help: string, results: Readonly<Record<string, number>>): Metric => ({
  name: `anchor_${name}`,
  help,
  type: 'counter',
  samples: Object.entries(results).map(([result, value]) => ({ labels: { result }, value })),
});

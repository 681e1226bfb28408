import type { Domain } from '@anchor/client/schemas/domain.ts';
import { command } from '../framework/command.ts';
import { domainLines } from '../framework/domain-lines.ts';
import { watchDomain } from '../framework/watch-domain.ts';

const WAIT_SECONDS = 600;

export const certificatesRenew = command({
  name: 'certificates renew',
  summary: 'Renew the certificate of a domain now',
  details:
    'Renewals happen by themselves; this is for a certificate whose key may have leaked. The one before is served until\nthe new one is there. At a terminal, and with --wait, it is waited for.',
  arguments: [{ name: 'name', help: 'a domain of the project' }],
  options: {
    wait: { kind: 'flag', help: 'wait for the new certificate (the default at a terminal)' },
    detach: { kind: 'flag', help: 'return at once at a terminal, too' },
    timeout: { kind: 'count', value: 'seconds', help: `how long it waits (default ${WAIT_SECONDS})` },
  },
  project: true,
  examples: ['anchor certificates renew example.com'],
  async run(context, { name, wait: mustWait, detach, timeout }) {
    const client = await context.client();
    if (!client.ok) return client;
    const project = await context.project();
    if (!project.ok) return project;
    const where = { project: project.value, name };
    const renewed = await client.value.certificates.renew(where, { signal: context.signal });
    if (!renewed.ok) return renewed;
    const wait = mustWait || (context.out.live && !detach);
    const domain = wait ? await watchDomain(context, client.value, where, timeout ?? WAIT_SECONDS, isOver) : renewed;
    if (!domain.ok) return domain;
    const text = domainLines(domain.value, context.out, Date.now());
    return { ok: true, value: { data: domain.value, text, failed: wait && domain.value.state !== 'active' } };
  },
});

/** The order has ended: with a certificate, or with a failure, which has steps. */
const isOver = ({ state, steps }: Domain): boolean => state !== 'renewing' || steps.length > 0;

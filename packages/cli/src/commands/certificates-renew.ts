import { command, success } from '../framework/command.ts';
import { domainLines } from '../framework/domain-lines.ts';

export const certificatesRenew = command({
  name: 'certificates renew',
  summary: 'Renew the certificate of a domain now',
  details: 'Renewals happen by themselves; this is for a certificate whose key may have leaked.',
  arguments: [{ name: 'name', help: 'a domain of the project' }],
  project: true,
  examples: ['anchor certificates renew example.com'],
  async run(context, { name }) {
    const client = await context.client();
    if (!client.ok) return client;
    const project = await context.project();
    if (!project.ok) return project;
    const renewed = await client.value.certificates.renew({ project: project.value, name }, { signal: context.signal });
    return renewed.ok ? success(renewed.value, ...domainLines(renewed.value, context.out, Date.now())) : renewed;
  },
});

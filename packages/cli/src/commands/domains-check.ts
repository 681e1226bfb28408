import { command, success } from '../framework/command.ts';
import { domainLines } from '../framework/domain-lines.ts';
import { checkNow } from '../framework/watch-domain.ts';

export const domainsCheck = command({
  name: 'domains check',
  summary: 'Check DNS and certificate of a domain now, and show how to fix it',
  arguments: [{ name: 'name', help: 'a domain of the project' }],
  options: { events: { kind: 'flag', help: 'show what happened to it before, too' } },
  project: true,
  examples: ['anchor domains check example.com', 'anchor domains check example.com --json | jq .steps'],
  async run(context, { name, events }) {
    const client = await context.client();
    if (!client.ok) return client;
    const project = await context.project();
    if (!project.ok) return project;
    const domain = await checkNow(context, client.value, { project: project.value, name });
    if (!domain.ok) return domain;
    const history = domain.value.events.map(
      ({ at, state, reason }) => `${new Date(at).toISOString()}  ${state.padEnd(10)}  ${context.out.safe(reason)}`,
    );
    return success(
      domain.value,
      ...domainLines(domain.value, context.out, Date.now()),
      ...(events ? ['', ...history] : []),
    );
  },
});

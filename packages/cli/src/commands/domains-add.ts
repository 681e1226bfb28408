import { command } from '../framework/command.ts';
import { domainLines } from '../framework/domain-lines.ts';
import { watchDomain } from '../framework/watch-domain.ts';

const WAIT_SECONDS = 600;

export const domainsAdd = command({
  name: 'domains add',
  summary: 'Put a site on its own domain, with a certificate',
  details:
    'Checks DNS, and prints the record to set when it does not lead here yet. Checks follow by themselves;\n--wait shows them until the site is reached by https, and ends with exit code 1 when it is not in time.',
  arguments: [{ name: 'name', help: 'example.com, www.example.com or *.example.com' }],
  options: {
    environment: {
      kind: 'text',
      short: 'e',
      value: 'name',
      help: 'the environment that it serves (default production)',
    },
    redirectTo: { kind: 'text', value: 'name', help: 'redirect to this domain of the project instead (308)' },
    wait: { kind: 'flag', help: 'wait until it is active' },
    timeout: { kind: 'count', value: 'seconds', help: `how long --wait waits (default ${WAIT_SECONDS})` },
  },
  project: true,
  examples: [
    'anchor domains add example.com --wait',
    'anchor domains add www.example.com --redirect-to example.com',
    'anchor domains add staging.example.com -e staging',
  ],
  async run(context, { name, environment, redirectTo, wait, timeout }) {
    const client = await context.client();
    if (!client.ok) return client;
    const project = await context.project();
    if (!project.ok) return project;
    const added = await client.value.domains.add(
      { project: project.value, name, environment, redirectTo },
      { signal: context.signal },
    );
    if (!added.ok) return added;
    const where = { project: project.value, name: added.value.domain.name };
    const { suggested } = added.value;
    const domain = wait
      ? await watchDomain(context, client.value, where, timeout ?? WAIT_SECONDS)
      : await client.value.domains.check(where, { signal: context.signal });
    if (!domain.ok) return domain;
    const text = [
      ...domainLines(domain.value, context.out, Date.now()),
      ...(domain.value.status === 'active' ? [domain.value.url] : []),
      ...(suggested === undefined ? [] : ['', `${suggested} too: ${suggestion(suggested, where.name)}`]),
      ...(wait || domain.value.status === 'active' ? [] : ['', `Follow it with: anchor domains check ${where.name}`]),
    ];
    const failed = wait && domain.value.status !== 'active';
    return { ok: true, value: { data: { ...added.value, domain: domain.value }, text, failed } };
  },
});

const suggestion = (other: string, name: string): string => `anchor domains add ${other} --redirect-to ${name}`;

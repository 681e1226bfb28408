import { command } from '../framework/command.ts';
import { domainLines, domainWord, targetText } from '../framework/domain-lines.ts';
import { checkNow, isActive, watchDomain } from '../framework/watch-domain.ts';

const WAIT_SECONDS = 600;

export const domainsAdd = command({
  name: 'domains add',
  summary: 'Put a site on its own domain, with a certificate',
  details:
    'Prints the records to set when DNS does not lead here yet, then shows each change until the site is reached by\nhttps. Ctrl-C ends that, not the checks of the platform. Without a terminal it returns at once, unless\n--wait is given: that ends with exit code 1 when the domain is not active in time.',
  arguments: [{ name: 'name', help: 'example.com, www.example.com or *.example.com' }],
  options: {
    environment: {
      kind: 'text',
      short: 'e',
      value: 'name',
      help: 'the environment that it serves (default production)',
    },
    redirectTo: { kind: 'text', value: 'name', help: 'redirect to this domain of the project instead (308)' },
    wait: { kind: 'flag', help: 'wait until it is active (the default at a terminal)' },
    detach: { kind: 'flag', help: 'return at once at a terminal, too' },
    timeout: { kind: 'count', value: 'seconds', help: `how long it waits (default ${WAIT_SECONDS})` },
  },
  project: true,
  examples: [
    'anchor domains add example.com --wait',
    'anchor domains add www.example.com --redirect-to example.com',
    'anchor domains add staging.example.com -e staging',
  ],
  async run(context, { name, environment, redirectTo, wait: mustWait, detach, timeout }) {
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
    const wait = mustWait || (context.out.live && !detach);
    const other = suggested === undefined ? [] : [`Serve ${suggested} as well: ${suggestion(suggested, where.name)}`];
    if (wait) {
      context.out.note(`${context.out.color.green('✓')} Added ${where.name} (${targetText(added.value.domain)})`);
      if (context.out.live) for (const line of other) context.out.note(`  ${context.out.color.dim(line)}`);
    }
    const domain = wait
      ? await watchDomain(context, client.value, where, timeout ?? WAIT_SECONDS)
      : await checkNow(context, client.value, where);
    if (!domain.ok) return domain;
    const active = isActive(domain.value);
    const text = [
      ...domainLines(domain.value, context.out, Date.now()),
      ...(active ? ['', context.out.color.bold(domain.value.url)] : []),
      ...(other.length === 0 || (wait && context.out.live) ? [] : ['', ...other]),
      ...(active ? [] : ['', `Follow it with: anchor domains check ${domainWord(where.name)}`]),
    ];
    return { ok: true, value: { data: { ...added.value, domain: domain.value }, text, failed: wait && !active } };
  },
});

const suggestion = (other: string, name: string): string => `anchor domains add ${other} --redirect-to ${name}`;

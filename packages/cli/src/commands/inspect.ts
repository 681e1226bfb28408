import type { Deployment } from '@anchor/client/schemas/deployment.ts';
import { command, success } from '../framework/command.ts';
import { namedOrNewest } from '../framework/find-deployment.ts';
import type { Output } from '../output/output.ts';
import { keyValueTable } from '../output/table.ts';
import { ago, duration } from '../output/units.ts';

export const inspect = command({
  name: 'inspect',
  summary: 'Show a deployment in detail',
  arguments: [{ name: 'deployment', help: "id, short id or address (default: the project's newest)", optional: true }],
  project: true,
  examples: ['anchor inspect', 'anchor inspect 3k9x2m1qz', 'anchor inspect dpl_… --json'],
  async run(context, { deployment }) {
    const client = await context.client();
    if (!client.ok) return client;
    const found = await namedOrNewest(context, client.value, deployment);
    return found.ok ? success(found.value, ...describe(found.value, context.out)) : found;
  },
});

function describe(deployment: Deployment, { safe }: Output): readonly string[] {
  const { source, error } = deployment;
  const commit =
    source.commit === undefined
      ? undefined
      : `${source.commit.slice(0, 9)}${source.message === undefined ? '' : ` ${safe(source.message.split('\n')[0] ?? '')}`}`;
  const ended = deployment.deployEndedAt ?? deployment.buildEndedAt;
  return [
    ...keyValueTable([
      ['deployment', deployment.id],
      ['status', deployment.status],
      ['environment', deployment.environment],
      ['branch', source.branch === undefined ? undefined : safe(source.branch)],
      ['commit', commit],
      ['source', source.kind === 'upload' ? 'uploaded folder' : undefined],
      ['address', deployment.url],
      ['live at', deployment.liveAt.length === 0 ? undefined : deployment.liveAt.join('  ')],
      ['created', `${new Date(deployment.createdAt).toISOString()} (${ago(deployment.createdAt, Date.now())})`],
      ['took', ended === undefined ? undefined : duration(ended - deployment.createdAt)],
      [
        'steps',
        deployment.steps
          .map((step) => `${step.name} ${step.endedAt === undefined ? '…' : duration(step.endedAt - step.startedAt)}`)
          .join(', ') || undefined,
      ],
      ['not promoted', deployment.notPromoted === undefined ? undefined : safe(deployment.notPromoted)],
    ]),
    ...(error === undefined
      ? []
      : [
          '',
          `✗ ${safe(error.message)}`,
          ...(error.cause === undefined
            ? []
            : safe(error.cause)
                .split('\n')
                .map((line, index) => `  ${index === 0 ? 'why:' : '    '} ${line}`)),
          `  fix: ${safe(error.fix)}`,
        ]),
  ];
}

import { command, done } from '../framework/command.ts';
import { namedOrNewest } from '../framework/find-deployment.ts';

export const cancel = command({
  name: 'cancel',
  summary: 'Stop a deployment that is waiting or building',
  details: 'A deployment that is already switching can not be canceled: use anchor rollback.',
  arguments: [{ name: 'deployment', help: "id, short id or address (default: the project's newest)", optional: true }],
  project: true,
  examples: ['anchor cancel', 'anchor cancel 3k9x2m1qz'],
  async run(context, { deployment }) {
    const client = await context.client();
    if (!client.ok) return client;
    const found = await namedOrNewest(context, client.value, deployment);
    if (!found.ok) return found;
    const answer = await client.value.deployments.cancel({ deployment: found.value.id }, { signal: context.signal });
    return answer.ok ? done(answer.value, `Canceled ${answer.value.id}`) : answer;
  },
});

import { command, success } from '../framework/command.ts';
import { namedOrNewest } from '../framework/find-deployment.ts';

export const cancel = command({
  name: 'cancel',
  summary: 'Cancel a deployment that is queued or building',
  details: 'A deployment that is already being switched to cannot be canceled: use anchor rollback.',
  arguments: [{ name: 'deployment', help: "id, short id or address (default: the project's newest)", optional: true }],
  project: true,
  examples: ['anchor cancel', 'anchor cancel 3k9x2m1qz'],
  async run(context, { deployment }) {
    const client = await context.client();
    if (!client.ok) return client;
    const found = await namedOrNewest(context, client.value, deployment);
    if (!found.ok) return found;
    const response = await client.value.deployments.cancel({ deployment: found.value.id }, { signal: context.signal });
    return response.ok ? success(response.value, `Canceled ${response.value.id}`) : response;
  },
});

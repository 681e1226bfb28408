import { command, success } from '../framework/command.ts';
import { findDeployment } from '../framework/find-deployment.ts';
import { ended, watchDeployment } from '../framework/watch-deployment.ts';

export const approve = command({
  name: 'approve',
  summary: "Approve the held deployment of a fork's pull request",
  details:
    'It is built without secrets and writes no caches. Read the change first: its code runs on your machine, in a sandbox.',
  arguments: [{ name: 'deployment', help: 'id, short id or address' }],
  options: { detach: { kind: 'flag', help: 'do not wait for the build' } },
  project: true,
  examples: ['anchor deployments list --status held', 'anchor approve 3k9x2m1qz'],
  async run(context, { deployment, detach }) {
    const client = await context.client();
    if (!client.ok) return client;
    const found = await findDeployment(context, client.value, deployment);
    if (!found.ok) return found;
    const response = await client.value.deployments.approve({ deployment: found.value.id }, { signal: context.signal });
    if (!response.ok) return response;
    if (detach) return success(response.value, `${response.value.id} is ${response.value.status}`);
    const watched = await watchDeployment(context, client.value, response.value);
    return watched.ok ? ended(context, watched.value) : watched;
  },
});

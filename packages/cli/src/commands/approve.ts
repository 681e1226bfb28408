import { command, done } from '../framework/command.ts';
import { findDeployment } from '../framework/find-deployment.ts';
import { ended, watchDeployment } from '../framework/watch-deployment.ts';

export const approve = command({
  name: 'approve',
  summary: "Let a held deployment of a fork's pull request build",
  details: 'It is built without secrets and writes no caches. Read the change first: its code runs on your machine, in a sandbox.',
  arguments: [{ name: 'deployment', help: 'id, short id or address' }],
  options: { detach: { kind: 'flag', help: 'do not wait for the build' } },
  project: true,
  examples: ['anchor deployments list --status held', 'anchor approve 3k9x2m1qz'],
  async run(context, { deployment, detach }) {
    const client = await context.client();
    if (!client.ok) return client;
    const found = await findDeployment(context, client.value, deployment);
    if (!found.ok) return found;
    const answer = await client.value.deployments.approve({ deployment: found.value.id }, { signal: context.signal });
    if (!answer.ok) return answer;
    if (detach) return done(answer.value, `${answer.value.id} is ${answer.value.status}`);
    const watched = await watchDeployment(context, client.value, answer.value);
    return watched.ok ? ended(context, watched.value) : watched;
  },
});

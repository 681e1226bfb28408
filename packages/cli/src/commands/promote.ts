import { command } from '../framework/command.ts';
import { findDeployment } from '../framework/find-deployment.ts';
import { switched } from '../framework/environment-outcome.ts';

export const promote = command({
  name: 'promote',
  summary: 'Make a deployment live in an environment, without a build',
  details: 'Of two concurrent promotes one succeeds; the other fails with exit code 5.',
  arguments: [{ name: 'deployment', help: 'id, short id or address' }],
  options: {
    environment: { kind: 'text', short: 'e', value: 'name', help: 'the environment (default production)' },
    revision: { kind: 'count', value: 'n', help: "only when the environment's revision is this one" },
  },
  project: true,
  examples: ['anchor promote 3k9x2m1qz', 'anchor promote 3k9x2m1qz -e staging'],
  async run(context, { deployment, environment, revision }) {
    const client = await context.client();
    if (!client.ok) return client;
    const found = await findDeployment(context, client.value, deployment);
    if (!found.ok) return found;
    const response = await client.value.deployments.promote(
      { deployment: found.value.id, environment, revision },
      { signal: context.signal },
    );
    return response.ok ? switched(response.value, 'Switched') : response;
  },
});

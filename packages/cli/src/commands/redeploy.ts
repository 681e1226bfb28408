import type { DeploymentInput } from '@anchor/client/schemas/deployment.ts';
import { command, success } from '../framework/command.ts';
import { findDeployment } from '../framework/find-deployment.ts';
import { ended, watchDeployment } from '../framework/watch-deployment.ts';

export const redeploy = command({
  name: 'redeploy',
  summary: 'Build the newest deployment again, with the current variables',
  details:
    'Takes the commit (or folder) that was deployed last to the environment, also if that deployment failed, and\nrebuilds it. A deployment may be named instead. What is live stays live until the new deployment has passed verification.',
  arguments: [
    { name: 'deployment', help: "id, short id or address (default: the environment's newest)", optional: true },
  ],
  options: {
    environment: {
      kind: 'text',
      short: 'e',
      value: 'name',
      help: 'the environment (default production, or that of the branch or deployment)',
    },
    branch: { kind: 'text', value: 'branch', help: 'the newest deployment of this branch' },
    detach: { kind: 'flag', help: 'do not wait for the build' },
  },
  project: true,
  examples: [
    'anchor redeploy',
    'anchor redeploy -e staging',
    'anchor redeploy --branch feat/login',
    'anchor redeploy 3k9x2m1qz',
  ],
  async run(context, { deployment, environment, branch, detach }) {
    const client = await context.client();
    if (!client.ok) return client;
    const project = await context.project();
    if (!project.ok) return project;
    const found = deployment === undefined ? undefined : await findDeployment(context, client.value, deployment);
    if (found !== undefined && !found.ok) return found;
    const input: DeploymentInput = {
      kind: 'redeploy',
      environment,
      ...(found === undefined ? { branch } : { deployment: found.value.id }),
    };
    const created = await client.value.deployments.create(
      { project: project.value, ...input },
      { signal: context.signal },
    );
    if (!created.ok) return created;
    const { id, status, source } = created.value;
    const what =
      source.commit === undefined
        ? 'the folder sent last'
        : `${source.commit.slice(0, 9)}${source.branch === undefined ? '' : ` of ${context.out.safe(source.branch)}`}`;
    if (detach || status === 'held')
      return success(created.value, `${id} is ${status}`, `See its result: anchor inspect ${id}`);
    context.out.note(`Building ${what} again for ${created.value.environment} (${id})`);
    const watched = await watchDeployment(context, client.value, created.value);
    return watched.ok ? ended(context, watched.value) : watched;
  },
});

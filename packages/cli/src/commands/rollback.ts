import { command, success } from '../framework/command.ts';
import { findDeployment } from '../framework/find-deployment.ts';
import { commandError } from '../framework/problem.ts';
import { switched } from '../framework/environment-outcome.ts';

export const rollback = command({
  name: 'rollback',
  summary: 'Roll back to an earlier deployment at once',
  details:
    'It runs with its own variables. Until the rollback is undone (--undo) or another deployment is promoted, new deployments\nare built and verified but do not go live.',
  arguments: [{ name: 'deployment', help: 'id, short id or address (default: the one before)', optional: true }],
  options: {
    environment: { kind: 'text', short: 'e', value: 'name', help: 'the environment (default production)' },
    undo: { kind: 'flag', help: 'let new deployments go live again' },
  },
  project: true,
  examples: ['anchor rollback', 'anchor rollback 3k9x2m1qz', 'anchor rollback --undo'],
  async run(context, { deployment, environment, undo }) {
    if (undo && deployment !== undefined)
      return commandError(
        'usage',
        '--undo takes no deployment.',
        'Run: anchor rollback --undo, then anchor promote <deployment> if another one is wanted.',
      );
    const client = await context.client();
    if (!client.ok) return client;
    const project = await context.project();
    if (!project.ok) return project;
    const where = { project: project.value, environment: environment ?? 'production' };
    if (undo) {
      const undone = await client.value.environments.undoRollback(where, { signal: context.signal });
      return undone.ok ? success(undone.value, `New deployments go live in ${undone.value.name} again.`) : undone;
    }
    const found = deployment === undefined ? undefined : await findDeployment(context, client.value, deployment);
    if (found !== undefined && !found.ok) return found;
    const response = await client.value.environments.rollback(
      { ...where, deployment: found?.value.id },
      { signal: context.signal },
    );
    return response.ok ? switched(response.value, 'Rolled back') : response;
  },
});

import { isFinal, STEP_NAMES, type Deployment } from '@anchor/core/deployments/deployment.ts';
import { FAILURE_STEP } from '@anchor/core/logs/log-line.ts';
import { linesOf } from '@anchor/core/logs/log-page.ts';
import type { Ports } from '@anchor/core/ports/ports.ts';
import { watchDeployment } from '@anchor/server/deployments/watch.ts';

/** The platform's own lines about steps; tools print ticks of their own. */
const STEP = new RegExp(`^(?:▸|✓|✗) (?:${STEP_NAMES.join('|')})(?: [0-9.]+ s)?$`);

type ProgressPorts = Pick<Ports, 'deployments' | 'logs' | 'aliases' | 'site'>;

/**
 * Yields a deployment's progress as lines for a terminal: its log, its steps with their times, and its outcome.
 * `branch` is the pushed one, of several that may share the deployment.
 */
export async function* pushProgress(
  ports: ProgressPorts,
  deployment: Deployment,
  signal: AbortSignal,
  branch?: string,
): AsyncGenerator<string> {
  if (isFinal(deployment.state)) {
    yield 'This commit was deployed before.';
    yield* ending(ports, deployment, branch);
    return;
  }
  if (deployment.state === 'held') {
    yield* ending(ports, deployment, branch);
    return;
  }
  let queuedShown = false;
  for await (const event of watchDeployment(ports, deployment.id, 'build', { after: 0 }, signal)) {
    // The log holds the steps with their times, in their place among the lines; its last lines are the ending's own.
    if (event.type === 'lines') {
      for (const { step, text } of linesOf(event.page))
        if (step !== FAILURE_STEP) yield STEP.test(text) ? text : `  ${text}`;
    } else {
      if (event.deployment.state === 'queued' && !queuedShown) yield 'Queued.';
      queuedShown = true;
      if (event.type === 'end') return yield* ending(ports, event.deployment, branch);
    }
  }
  yield `The build goes on. Follow it with: anchor logs ${deployment.id} -f`;
}

async function* ending(
  ports: ProgressPorts,
  deployment: Deployment,
  branch: string | undefined,
): AsyncGenerator<string> {
  const { error } = deployment;
  yield '';
  if (deployment.state === 'success') {
    yield `Live at ${await addressOf(ports, deployment, branch)} (${seconds((deployment.deployEndedAt ?? deployment.updatedAt) - deployment.createdAt)})`;
    if (deployment.notPromoted !== undefined) yield `Not switched to it: ${deployment.notPromoted}`;
    return;
  }
  yield `${{ failed: 'Failed', canceled: 'Canceled', held: 'Held' }[deployment.state as string] ?? 'Ended'}: ${error?.message ?? deployment.state}`;
  // A packet of progress is one line: line ends inside it would vanish.
  for (const [index, line] of error?.cause?.split('\n').entries() ?? [])
    yield `  ${index === 0 ? 'why:' : '    '} ${line}`;
  if (error !== undefined) yield `  fix: ${error.fix}`;
  if (deployment.state === 'failed') yield 'What was live before is still live. The push itself is stored.';
}

/**
 * Returns the address that a user would open: the environment's, the pushed branch's, another branch's, or the
 * deployment's own.
 */
export async function addressOf(ports: ProgressPorts, deployment: Deployment, branch?: string): Promise<string> {
  const aliases = (await ports.aliases.listByProject(deployment.projectId)).filter(
    (alias) => alias.deploymentId === deployment.id,
  );
  const find = (kind: string, target?: string) =>
    aliases.find((alias) => alias.kind === kind && (target === undefined || alias.target === target));
  const best =
    find('environment') ??
    (branch === undefined ? undefined : find('branch', branch)) ??
    find('pull_request') ??
    find('branch');
  return ports.site.urlOf(best?.host ?? deployment.host);
}

const seconds = (ms: number): string => `${(Math.max(0, ms) / 1000).toFixed(1)} s`;

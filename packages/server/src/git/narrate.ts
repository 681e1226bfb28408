import { isFinal, STEP_NAMES, type Deployment } from '@anchor/core/deployments/deployment.ts';
import type { Ports } from '@anchor/core/ports/ports.ts';
import { watchDeployment } from '../deployments/watch.ts';

/** The platform's own lines about steps; tools print ticks of their own. */
const STEP = new RegExp(`^(?:▸|✓) (?:${STEP_NAMES.join('|')})(?: [0-9.]+ s)?$`);

type NarratePorts = Pick<Ports, 'deployments' | 'logs' | 'aliases' | 'site'>;

/** A deployment as lines for a terminal: its log, its steps with their times, and how it ended. */
export async function* narrate(ports: NarratePorts, deployment: Deployment, signal: AbortSignal): AsyncGenerator<string> {
  if (isFinal(deployment.state)) {
    yield 'This commit was deployed before.';
    yield* ending(ports, deployment);
    return;
  }
  if (deployment.state === 'held') {
    yield* ending(ports, deployment);
    return;
  }
  let waiting = false;
  for await (const event of watchDeployment(ports, deployment.id, 'build', { after: 0 }, signal)) {
    // The log holds the steps with their times, in their place among the lines.
    if (event.type === 'line') yield STEP.test(event.line.text) ? event.line.text : `  ${event.line.text}`;
    else {
      if (event.deployment.state === 'queued' && !waiting) yield 'Queued.';
      waiting = true;
      if (event.type === 'end') return yield* ending(ports, event.deployment);
    }
  }
  yield `The build goes on. Follow it with: anchor logs ${deployment.id} -f`;
}

async function* ending(ports: NarratePorts, deployment: Deployment): AsyncGenerator<string> {
  const { error } = deployment;
  yield '';
  if (deployment.state === 'success') {
    yield `Live at ${await address(ports, deployment)} (${seconds((deployment.deployEndedAt ?? deployment.updatedAt) - deployment.createdAt)})`;
    if (deployment.notPromoted !== undefined) yield `Not switched to it: ${deployment.notPromoted}`;
    return;
  }
  yield `${{ failed: 'Failed', canceled: 'Canceled', held: 'Held' }[deployment.state as string] ?? 'Ended'}: ${error?.message ?? deployment.state}`;
  if (error?.cause !== undefined) yield `  why: ${error.cause}`;
  if (error !== undefined) yield `  fix: ${error.fix}`;
  if (deployment.state === 'failed') yield 'What was live before is still live. The push itself is stored.';
}

/** The address that a person would open: the environment's, the branch's, or the deployment's own. */
async function address(ports: NarratePorts, deployment: Deployment): Promise<string> {
  const aliases = (await ports.aliases.listByProject(deployment.projectId)).filter((alias) => alias.deploymentId === deployment.id);
  const best = aliases.find((alias) => alias.kind === 'environment') ?? aliases.find((alias) => alias.kind === 'pull_request') ?? aliases.find((alias) => alias.kind === 'branch');
  return ports.site.urlOf(best?.host ?? deployment.host);
}

const seconds = (ms: number): string => `${(Math.max(0, ms) / 1000).toFixed(1)} s`;

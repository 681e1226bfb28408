import type { Client } from '@anchor/client/http/client.ts';
import type { ApiResult } from '@anchor/client/http/result.ts';
import type { Deployment } from '@anchor/client/schemas/deployment.ts';
import { showProgress } from '../output/progress.ts';
import type { Outcome } from './command.ts';
import type { Context } from './context.ts';
import { commandError } from './problem.ts';
import { duration } from '../output/units.ts';

/** Follows a deployment to its end, showing its log and steps; returns its final state. */
export async function watchDeployment(
  context: Context,
  client: Client,
  deployment: Deployment,
): Promise<ApiResult<Deployment>> {
  const progress = showProgress(context.out);
  progress.deployment(deployment);
  try {
    for await (const event of client.deployments.logs.follow(
      { deployment: deployment.id },
      { signal: context.signal },
    )) {
      if (!event.ok) return event;
      if (event.value.type === 'line') progress.line(event.value.line);
      else progress.deployment(event.value.deployment);
      if (event.value.type === 'end') return { ok: true, value: event.value.deployment };
    }
  } finally {
    progress.end();
  }
  if (context.signal.aborted)
    return commandError(
      'failed',
      'Stopped watching; the deployment continues.',
      `See its result: anchor inspect ${deployment.id}    (or cancel it: anchor cancel ${deployment.id})`,
    );
  return client.deployments.get({ deployment: deployment.id });
}

/** Returns the last lines after a deployment: its address, or the reason of its failure. */
export function ended(context: Context, deployment: Deployment): Outcome {
  const { color, safe } = context.out;
  const took = duration(
    (deployment.deployEndedAt ?? deployment.buildEndedAt ?? deployment.updatedAt) - deployment.createdAt,
  );
  if (deployment.status === 'success') {
    const live = deployment.liveAt.map((url) => `${color.bold(url)}`);
    const text = [
      `${color.green('✓')} Deployed in ${took}`,
      ...(live.length > 0 ? live : [deployment.url]),
      ...(deployment.notPromoted === undefined ? [] : [color.yellow(`Not live: ${safe(deployment.notPromoted)}`)]),
    ];
    return { ok: true, value: { data: deployment, text } };
  }
  const error = deployment.error;
  const text = [
    `${color.red('✗')} ${error === undefined ? `The deployment is ${deployment.status}.` : safe(error.message)}`,
    ...(error?.cause === undefined
      ? []
      : safe(error.cause)
          .split('\n')
          .map((line, index) => `  ${index === 0 ? 'why:' : '    '} ${line}`)),
    ...(error === undefined ? [] : [`  fix: ${safe(error.fix)}`]),
    `  log: anchor logs ${deployment.id}`,
  ];
  return { ok: true, value: { data: deployment, text, failed: true } };
}

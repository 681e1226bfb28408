import { createHash } from 'node:crypto';
import type { Alias } from '@anchor/core/aliases/alias.ts';
import type { Delivery } from '@anchor/core/deliveries/delivery.ts';
import { newId, type DeploymentId, type ProjectId } from '@anchor/core/names/id.ts';
import { parseHostName, type HostName } from '@anchor/core/names/name.ts';
import type { Job } from '@anchor/core/queue/job.ts';

/**
 * Records that the programs of the kill -9 tests write in a round, so that the test can check whether they are
 * complete.
 */
export const roundProject: ProjectId = 'prj_00000000000000000000';
export const roundDeployment: DeploymentId = 'dpl_00000000000000000000';
export const roundHost: HostName = hostNamed('round.localhost');

const long = (round: number): string => createHash('sha256').update(String(round)).digest('hex').repeat(200);

export const roundDelivery = (round: number): Delivery => ({
  id: newId('dlv', round),
  projectId: roundProject,
  source: 'github',
  externalId: String(round),
  event: 'push',
  headers: {},
  body: long(round),
  state: 'received',
  deploymentIds: [],
  receivedAt: round,
  version: 1,
});
export const roundAlias = (round: number): Alias => ({
  host: roundHost,
  projectId: roundProject,
  deploymentId: roundDeployment,
  kind: 'environment',
  target: long(round),
  pinned: false,
  history: [],
  revision: round,
  updatedAt: round,
});
export const roundJob = (round: number): Job => ({
  id: newId('job', round),
  lane: 'production',
  group: `group-${round}`,
  kind: 'deploy',
  payload: {},
  dedupeKey: `job-${round}`,
  attempts: 0,
  notBefore: 0,
  createdAt: round,
});
export const roundBlob = (round: number): Buffer => Buffer.from(long(round));

function hostNamed(name: string): HostName {
  const host = parseHostName(name);
  if (!host.ok) throw new Error(host.error.message);
  return host.value;
}

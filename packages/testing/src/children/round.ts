import { createHash } from 'node:crypto';
import type { Alias } from '@anchor/core/aliases/alias.ts';
import type { Delivery } from '@anchor/core/deliveries/delivery.ts';
import type { DeploymentId, ProjectId } from '@anchor/core/names/id.ts';
import { host, sampleAlias, sampleDelivery } from '../samples.ts';

/** What a child writes in a round, so that the parent can tell whether it is there and whole. */
export const roundProject: ProjectId = 'prj_00000000000000000000';
export const roundDeployment: DeploymentId = 'dpl_00000000000000000000';
export const roundHost = host('round.localhost');

const long = (round: number): string => createHash('sha256').update(String(round)).digest('hex').repeat(200);

export const roundDelivery = (round: number): Delivery => sampleDelivery({ projectId: roundProject, externalId: String(round), body: long(round) });
export const roundAlias = (round: number): Alias => sampleAlias({ host: roundHost, projectId: roundProject, target: long(round), revision: round });
export const roundBlob = (round: number): Buffer => Buffer.from(long(round));

import type { Environment } from '@anchor/client/schemas/environment.ts';
import { done, type Outcome } from './command.ts';

/** What a promote or rollback answers. */
export const switched = (environment: Environment, verb: string): Outcome =>
  done(environment, `${verb} ${environment.name} to ${environment.deploymentId ?? 'nothing'}`, ...(environment.url === undefined ? [] : [environment.url]), ...(environment.pinned ? ['New deployments do not go live by themselves until: anchor rollback --undo, or anchor promote'] : []));

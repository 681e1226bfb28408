import type { Environment } from '@anchor/client/schemas/environment.ts';
import { success, type Outcome } from './command.ts';

/** Returns the result of a promote or rollback. */
export const switched = (environment: Environment, verb: string): Outcome =>
  success(
    environment,
    `${verb} ${environment.name} to ${environment.deploymentId ?? 'nothing'}`,
    ...(environment.url === undefined ? [] : [environment.url]),
    ...(environment.pinned
      ? ['New deployments do not go live by themselves until: anchor rollback --undo, or anchor promote']
      : []),
  );

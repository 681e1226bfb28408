import type { Ports } from '../ports/ports.ts';

/** What requesting a deployment needs. */
export type RequestPorts = Pick<
  Ports,
  | 'deployments'
  | 'variables'
  | 'queue'
  | 'pushes'
  | 'clock'
  | 'site'
  | 'aliases'
  | 'domains'
  | 'projects'
  | 'probe'
  | 'heads'
>;

import type { Ports } from '../ports/ports.ts';

/** What use cases of domains need. */
export type DomainPorts = Pick<
  Ports,
  'domains' | 'projects' | 'aliases' | 'dns' | 'certificates' | 'served' | 'probe' | 'clock' | 'site'
>;

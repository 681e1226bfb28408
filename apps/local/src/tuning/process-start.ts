import { controlPlaneStart } from './control-plane.ts';
import { edgeStart } from './edge.ts';
import { everyProcessStart } from './every-process.ts';
import type { ProcessStart } from './tuning.ts';

/** Returns how a process of the platform is started: what every process gets, and what its kind does. */
export function processStart(kind: 'edge' | 'server' | 'host', env: NodeJS.ProcessEnv): ProcessStart {
  const every = everyProcessStart(env);
  const own = kind === 'edge' ? edgeStart(env) : controlPlaneStart(kind, env);
  return {
    prefix: [...every.prefix, ...own.prefix],
    flags: [...every.flags, ...own.flags],
    variables: { ...every.variables, ...own.variables },
  };
}

import { isOn, type ProcessStart, type Tuning } from './tuning.ts';

/** Of the server and the function host. */
export const CONTROL_PLANE = {
  youngGeneration: {
    name: 'control-young-generation',
    what: '`--max-semi-space-size=4`: V8 grows the young generation far beyond what a small process needs',
    file: 'apps/local/src/tuning/control-plane.ts',
  },
  threadPool: {
    name: 'server-thread-pool',
    what: '`UV_THREADPOOL_SIZE=16`, server only: files of builds and flushes of the database share the pool and must not wait for each other',
    file: 'apps/local/src/tuning/control-plane.ts',
  },
} as const satisfies Record<string, Tuning>;

export const controlPlaneStart = (kind: 'server' | 'host', env: NodeJS.ProcessEnv): ProcessStart => ({
  prefix: [],
  flags: isOn(CONTROL_PLANE.youngGeneration, env) ? ['--max-semi-space-size=4'] : [],
  variables: kind === 'server' && isOn(CONTROL_PLANE.threadPool, env) ? { UV_THREADPOOL_SIZE: '16' } : {},
});

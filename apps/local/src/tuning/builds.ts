import type { Tuning } from './tuning.ts';

/** Of builds. That they yield is a promise of docs/isolation.md, so there is no switch beside the setting. */
export const BUILDS = {
  idleClass: {
    name: 'build-idle-class',
    what: '`cpu.idle` for the group of builds, and a weight while they get less than their floor',
    file: 'packages/sandbox-linux/src/cgroup-idle.ts',
    measured: {
      on: '2026-11-30',
      figure: 'beside six endless programs on two cores a build gets 15 to 50 % within 10 s; before, 5 %',
    },
    switch: '`--build-floor-percent` (the floor alone)',
  },
  priority: {
    name: 'build-priority',
    what: '`nice 10` and `oom_score_adj` 800: builds are the first to run short',
    file: 'packages/sandbox-linux/src/process.ts',
    switch: '–',
  },
  swappiness: {
    name: 'sandbox-swappiness',
    what: '`memory.swappiness` 0 of sandboxes (cgroup v1): a memory limit is not evaded by swapping',
    file: 'packages/sandbox-linux/src/cgroups-v1.ts',
    switch: '–',
  },
} as const satisfies Record<string, Tuning>;

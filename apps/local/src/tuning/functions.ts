import type { FunctionTuning } from '@anchor/function-host/settings.ts';
import { isOn, type Tuning } from './tuning.ts';

/** Of Next.js functions, in their sandboxes. */
export const FUNCTIONS = {
  youngGeneration: {
    name: 'function-young-generation',
    what: '`--min-semi-space-size=16` from Node 24 on: a start collects no garbage',
    file: 'packages/function-host/src/command.ts',
    measured: { on: '2026-11-21', figure: 'processor time to the first byte 307 → 268 ms' },
  },
  memoryReducer: {
    name: 'function-memory-reducer',
    what: '`--no-memory-reducer`, and one collection after 30 s without a request: a collection of the whole heap drops optimized code',
    file: 'packages/function-host/src/command.ts',
    measured: { on: '2026-11-27', figure: 'a page 2.20 → 1.60 ms of processor, p50 3.1 → 2.3 ms' },
  },
  heapGrowing: {
    name: 'function-heap-growing',
    what: '`--heap-growing-percent=200`, set while the process runs: three times as many old objects as are alive',
    file: 'packages/runtime/src/process/heap-growing.ts',
    measured: { on: '2026-11-28', figure: 'pages/s + 8 %; set after the start, which keeps 33 ms of it' },
  },
  compileCache: {
    name: 'function-compile-cache',
    what: 'compiled code is stored after the first response, so that it has what a render compiled',
    file: 'packages/runtime/src/next-server.ts',
    measured: { on: '2026-11-21', figure: 'processor time to the first byte 360 → 310 ms' },
    switch: '`NODE_DISABLE_COMPILE_CACHE=1` as a variable of the project (Node)',
  },
} as const satisfies Record<string, Tuning>;

export const functionTuning = (env: NodeJS.ProcessEnv): FunctionTuning => ({
  youngGeneration: isOn(FUNCTIONS.youngGeneration, env),
  noMemoryReducer: isOn(FUNCTIONS.memoryReducer, env),
  heapGrowing: isOn(FUNCTIONS.heapGrowing, env),
});

import { failed, generate } from '../load/generate.ts';
import { memoryOfTree, type Memory } from '../measure/memory.ts';
import { compared, type Case } from '../case.ts';
import { nextStart } from '../subjects/bare.ts';
import { restartFunction, servingProcess, setFunctions } from '../subjects/functions.ts';

const PATHS = ['/guestbook', '/api/hello?name=bench', '/dynamic'] as const;
const REQUESTS = 3_000;
const CONNECTIONS = 32;

export const functionMemory: Case = {
  id: 'function-memory',
  what: 'memory of one function process and of next start after the same requests',
  async run(bench) {
    const { platform, project, host, deployment } = await bench.demo();
    const next = await nextStart(await bench.bare());
    try {
      await setFunctions(platform, project, { idleSeconds: 300, maxInstances: 1 });
      await restartFunction(platform, deployment);
      for (const [port, name] of [
        [platform.edgePort, host],
        [next.port, `127.0.0.1:${next.port}`],
      ] as const) {
        const load = await generate({ port, host: name, paths: PATHS, connections: CONNECTIONS, requests: REQUESTS });
        if (failed(load) > 0) throw new Error(`requests failed: ${JSON.stringify(load.failures)}`);
      }
      const ours = [await servingProcess(platform, deployment)];
      const theirs = memoryOfTree(next.pid);
      const sum = (all: readonly Memory[], of: 'pssMb' | 'rssMb'): number =>
        all.reduce((total, memory) => total + memory[of], 0);
      const note = `PSS after ${REQUESTS} requests at ${CONNECTIONS} connections: ${PATHS.join(', ')}; RSS ${sum(ours, 'rssMb').toFixed(0)} MB against ${sum(theirs, 'rssMb').toFixed(0)} MB.`;
      return [
        compared(
          { id: 'function-memory', what: 'memory of a function process', unit: 'MB', note },
          sum(ours, 'pssMb'),
          sum(theirs, 'pssMb'),
          { atMost: 0.7 },
        ),
      ];
    } finally {
      await next.stop();
      await setFunctions(platform, project, { maxInstances: 4 });
      await restartFunction(platform, deployment);
    }
  },
};

import type { Ports } from '@anchor/core/ports/ports.ts';
import type { FunctionHost } from '@anchor/core/ports/function-host.ts';
import { fail } from '@anchor/core/result/result.ts';
import { manualClock, type ManualClock } from '../clock.ts';
import { blobStore } from './blob-store.ts';
import { buildRunner, type MemoryBuilds } from './build-runner.ts';
import { capacity, type MemoryCapacity } from './capacity.ts';
import { edgeProbe, type MemoryProbe } from './edge-probe.ts';
import { intakeStore } from './intake.ts';
import { jobQueue } from './job-queue.ts';
import { logStore } from './log-store.ts';
import { repositories } from './repositories.ts';
import { secretBox } from './secret-box.ts';
import { memoryStores } from './stores.ts';

export type MemoryHome = Ports & Readonly<{ clock: ManualClock; builds: MemoryBuilds; probe: MemoryProbe; capacity: MemoryCapacity; repositories: ReturnType<typeof repositories> }>;

/** A whole home in memory, for tests of use cases. Sites of files only: it has no functions to start. */
export function memoryHome(): MemoryHome {
  const clock = manualClock();
  const stores = memoryStores();
  const blobs = blobStore(clock);
  const queue = jobQueue(clock);
  const functions: FunctionHost = {
    acquire: async () => fail('not_found', 'This deployment has no function', 'It consists of files only.'),
    touch: async () => [],
    stop: async () => undefined,
  };
  return {
    ...stores, blobs, functions, clock, builds: buildRunner(blobs), probe: edgeProbe(stores.aliases), queue, intake: intakeStore(stores.deliveries, stores.deployments, queue), logs: logStore(),
    secrets: secretBox(), repositories: repositories(), capacity: capacity(),
    site: { domain: 'localhost', urlOf: (host) => `http://${host}:7480` },
  };
}

import type { Ports } from '@anchor/core/ports/ports.ts';
import type { FailureAnalyzer } from '@anchor/core/ports/failure-analyzer.ts';
import type { FunctionHost } from '@anchor/core/ports/function-host.ts';
import { fail } from '@anchor/core/result/result.ts';
import { manualClock, type ManualClock } from '../clock.ts';
import { memoryHeads, type MemoryHeads } from './branch-heads.ts';
import { blobStore } from './blob-store.ts';
import { buildRunner, type MemoryBuilds } from './build-runner.ts';
import { capacity, type MemoryCapacity } from './capacity.ts';
import { memoryCertificates, type MemoryCertificates } from './certificates.ts';
import type { MemoryDeployments } from './deployments.ts';
import { memoryDns, type MemoryDns } from './dns-lookup.ts';
import { edgeProbe, type MemoryProbe } from './edge-probe.ts';
import { pushTransaction } from './push-transaction.ts';
import { MemoryIdentity } from './identity.ts';
import { jobQueue } from './job-queue.ts';
import { logStore } from './log-store.ts';
import { repositories } from './repositories.ts';
import { secretBox } from './secret-box.ts';
import { MemoryServedCertificates } from './served-certificates.ts';
import { memoryStores } from './stores.ts';

export type MemoryHome = Omit<Ports, 'analyzeFailure'> & {
  /** Replaced by tests; finds nothing at first. */ analyzeFailure: FailureAnalyzer;
} & Readonly<{
    clock: ManualClock;
    deployments: MemoryDeployments;
    builds: MemoryBuilds;
    probe: MemoryProbe;
    capacity: MemoryCapacity;
    heads: MemoryHeads;
    dns: MemoryDns;
    certificates: MemoryCertificates;
    served: MemoryServedCertificates;
    repositories: ReturnType<typeof repositories>;
  }>;

/** Creates a whole platform in memory, for tests of use cases. Sites of files only: it has no functions to start. */
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
    ...stores,
    blobs,
    functions,
    clock,
    builds: buildRunner(blobs),
    probe: edgeProbe(stores.aliases),
    analyzeFailure: () => undefined,
    queue,
    pushes: pushTransaction(stores.deliveries, stores.deployments, queue),
    logs: logStore(),
    secrets: secretBox(),
    repositories: repositories(),
    heads: memoryHeads(),
    capacity: capacity(),
    dns: memoryDns(clock.now),
    certificates: memoryCertificates(clock.now),
    served: new MemoryServedCertificates(),
    identity: new MemoryIdentity(),
    site: { domain: 'localhost', urlOf: (host) => `http://${host}:7480` },
  };
}

import type { BlobStore } from './blob-store.ts';
import type { BuildRunner } from './build-runner.ts';
import type { Capacity } from './capacity.ts';
import type { Clock } from './clock.ts';
import type { EdgeProbe } from './edge-probe.ts';
import type { FunctionHost } from './function-host.ts';
import type { IntakeStore } from './intake.ts';
import type { JobQueue } from './job-queue.ts';
import type { LogStore } from './log-store.ts';
import type { Repositories } from './repositories.ts';
import type { SecretBox } from './secret-box.ts';
import type { Stores } from './stores.ts';

/** What this installation is called from outside: host names are `<project>.<domain>`. */
export type Site = Readonly<{
  domain: string;
  urlOf(host: string): string;
  /** Git hosts on private addresses that projects may name. */
  allowGitHosts?: readonly string[];
}>;

/** All that use cases may use. One object, made by the wiring of a home. */
export type Ports = Stores & Readonly<{
  blobs: BlobStore;
  queue: JobQueue;
  intake: IntakeStore;
  builds: BuildRunner;
  capacity: Capacity;
  functions: FunctionHost;
  secrets: SecretBox;
  logs: LogStore;
  probe: EdgeProbe;
  repositories: Repositories;
  clock: Clock;
  site: Site;
}>;

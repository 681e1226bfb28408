import type { BlobStore } from './blob-store.ts';
import type { BranchHeads } from './branch-heads.ts';
import type { BuildRunner } from './build-runner.ts';
import type { Capacity } from './capacity.ts';
import type { Certificates } from './certificates.ts';
import type { Clock } from './clock.ts';
import type { DnsLookup } from './dns-lookup.ts';
import type { EdgeProbe } from './edge-probe.ts';
import type { FailureAnalyzer } from './failure-analyzer.ts';
import type { FunctionHost } from './function-host.ts';
import type { PushTransaction } from './push-transaction.ts';
import type { Identity } from './identity.ts';
import type { JobQueue } from './job-queue.ts';
import type { LogStore } from './log-store.ts';
import type { Repositories } from './repositories.ts';
import type { SecretBox } from './secret-box.ts';
import type { ServedCertificates } from './served-certificates.ts';
import type { Stores } from './stores.ts';

/** The installation's own address: host names are `<project>.<domain>`. */
export type Site = Readonly<{
  domain: string;
  /** Returns the address of a host: over HTTPS once a certificate for it is served, by plain HTTP until then. */
  urlOf(host: string): string;
  /** Whether plain HTTP of the projects' hosts redirects to HTTPS once a certificate for them is served. */
  ownHttps?: boolean;
  /** Git hosts on private addresses that projects may name. */
  allowGitHosts?: readonly string[];
  /** The addresses that domains have to lead to, as the internet sees them. */
  publicAddresses?: readonly string[];
  /** The name of the API, which no project may take. */
  apiDomain?: string;
}>;

/** All that use cases may use. One object, composed per deployment target. */
export type Ports = Stores &
  Readonly<{
    blobs: BlobStore;
    queue: JobQueue;
    pushes: PushTransaction;
    builds: BuildRunner;
    capacity: Capacity;
    functions: FunctionHost;
    secrets: SecretBox;
    logs: LogStore;
    probe: EdgeProbe;
    analyzeFailure: FailureAnalyzer;
    repositories: Repositories;
    heads: BranchHeads;
    dns: DnsLookup;
    certificates: Certificates;
    served: ServedCertificates;
    identity: Identity;
    clock: Clock;
    site: Site;
  }>;

import { join } from 'node:path';
import type { DeploymentId, ProjectId } from '@anchor/core/names/id.ts';

/** Where everything lies under the data directory. Nothing of the platform is written elsewhere. */
export type Paths = ReturnType<typeof pathsIn>;

export const pathsIn = (data: string) =>
  ({
    data,
    /** Every store, the job queue and the aliases. */
    database: join(data, 'anchor.db'),
    /** The master key of the secret box, mode 0600. */
    key: join(data, 'key'),
    blobs: join(data, 'blobs'),
    repository: (project: ProjectId) => join(data, 'git', `${project}.git`),
    logs: join(data, 'logs'),
    disks: join(data, 'disks'),
    /** Node versions for builds and functions: `nodes/24.12.0/bin/node`. */
    nodes: join(data, 'nodes'),
    /** Function files, materialised once a tree: `trees/<hash>/…`. */
    trees: join(data, 'trees'),
    /** What a deployment's functions write and share: the render cache. */
    deploymentCache: (deployment: DeploymentId) => join(data, 'cache', deployment),
    /** Our own modules that run beside user code, as plain JavaScript. */
    modules: join(data, 'modules'),
    /** Sockets and process ids. */
    run: join(data, 'run'),
    hostSocket: join(data, 'run', 'host.sock'),
    edgeSocket: (worker: number) => join(data, 'run', `edge-${worker}.sock`),
    temporary: join(data, 'tmp'),
  }) as const;

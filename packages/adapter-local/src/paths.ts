import { join } from 'node:path';
import type { DeploymentId, ProjectId } from '@anchor/core/names/id.ts';

/** Returns every path under the data directory. Nothing of the platform is written elsewhere. */
export type Paths = ReturnType<typeof pathsIn>;

export const pathsIn = (data: string) =>
  ({
    data,
    /** Every store, the job queue and the aliases. */
    database: join(data, 'anchor.db'),
    /** Counts of requests: no part of a backup. */
    metrics: join(data, 'metrics.db'),
    /** The routes that the edge serves when the database cannot be read, see route-snapshot.ts. */
    routes: join(data, 'routes'),
    /** The master key of the secret box, mode 0600. */
    key: join(data, 'key'),
    /** Certificates and domains as the edge serves them, sealed with its own key, mode 0600. */
    edgeCertificates: join(data, 'edge'),
    edgeKey: join(data, 'edge-key'),
    /** The root certificate of the local CA, for trust stores. */
    localRoot: join(data, 'local-ca.pem'),
    blobs: join(data, 'blobs'),
    repository: (project: ProjectId) => join(data, 'git', `${project}.git`),
    logs: join(data, 'logs'),
    /** Node versions for builds and functions: `nodes/24.12.0/bin/node`. */
    nodes: join(data, 'nodes'),
    /** Function files, one directory per tree: `trees/<hash>/…`. */
    trees: join(data, 'trees'),
    /**
     * Files that a deployment's functions write and share: the render cache. A link to a directory on its project's
     * disk, where there is one.
     */
    deploymentCache: (deployment: DeploymentId) => join(data, 'cache', deployment),
    /** A disk a project of a fixed size for what its functions write: `function-disks/<project>/<deployment>`. */
    functionDisks: join(data, 'function-disks'),
    /** Our own modules that run beside user code, as plain JavaScript. */
    modules: join(data, 'modules'),
    /** Sockets and process ids. */
    run: join(data, 'run'),
    hostSocket: join(data, 'run', 'host.sock'),
    /** The server's, for connections that an edge worker passes on under the name of the API. */
    apiSocket: join(data, 'run', 'api.sock'),
    /** Of the process that starts git for the server. */
    gitSocket: join(data, 'run', 'git.sock'),
    edgeSocket: (worker: number) => join(data, 'run', `edge-${worker}.sock`),
    temporary: join(data, 'tmp'),
  }) as const;

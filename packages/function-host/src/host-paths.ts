import type { DeploymentId } from '@anchor/core/names/id.ts';

/** Absolute paths in the data directory that the function host reads and writes. */
export type HostPaths = Readonly<{
  data: string;
  /** Sockets and process ids. */
  run: string;
  /** Installed Node versions: `<nodes>/24.12.0/bin/node`. */
  nodes: string;
  /** Files of functions, one directory per file tree: `<trees>/<hash>/…`. */
  trees: string;
  /** The platform's own modules that run beside user code, as plain JavaScript. */
  modules: string;
  /** Disk images of a fixed size, one per project. */
  functionDisks: string;
  /** The socket on which the host listens. */
  hostSocket: string;
  /** The directory that all instances of a deployment share, such as for Next.js' render cache. */
  deploymentCache: (deployment: DeploymentId) => string;
}>;

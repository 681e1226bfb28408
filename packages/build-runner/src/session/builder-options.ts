import type { ProjectId } from '@anchor/core/names/id.ts';
import type { BlobStore } from '@anchor/core/ports/blob-store.ts';
import type { Sandboxes } from '@anchor/core/ports/sandbox.ts';
import type { Compressor } from '@anchor/packaging/output/compressor.ts';
import type { Nodes } from '../tools/nodes.ts';
import type { Tools } from '../tools/package-managers.ts';
import type { BuildLimits } from './limits.ts';

/** The parts of a builder on one machine. All paths are absolute paths of the machine. */
export type BuilderOptions = Readonly<{
  sandboxes: Sandboxes;
  blobs: BlobStore;
  nodes: Nodes;
  tools: Tools;
  compressor: Compressor;
  /** The platform's own repository of a project with source `hosted`. */
  repository: (project: ProjectId) => string;
  /** The platform's modules as plain JavaScript, with next-adapter.js: /anchor inside a build. */
  modules: string;
  /** A directory of ours for scratch files. */
  temporary: string;
  limits?: Partial<BuildLimits>;
  /** Git hosts that may be used although they are private: names as in the repository address. */
  allowHosts?: readonly string[];
  /** CIDR blocks that installs and builds may reach although they are private (a registry in the company's network). */
  allowNetworks?: readonly string[];
  /**
   * A file of CA certificates (PEM) that builds trust besides the usual ones; sandboxes show it at the same path (see
   * Sandboxes' own option).
   */
  trustStore?: string;
  /** Processor weight against live traffic (functions have 10). */
  weight?: number;
  /** PATH for the machine's git, see fetch-git.ts. */
  path?: string;
  /** A file with the system call filter for that git, as bubblewrap reads it. */
  gitFilter?: string;
}>;

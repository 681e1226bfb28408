import type { DeploymentId, ProjectId } from '@anchor/core/names/id.ts';
import type { Exchange } from '../http1/transport.ts';
import type { Asset, Part } from '../static/asset.ts';
import type { EdgeSettings } from '../util/settings.ts';
import type { CompressorSlots } from './compression/compressor-slots.ts';
import type { FunctionPools } from './function-pools.ts';

/** The parts of the worker that resuming a page uses. */
export type ResumeDeps = Readonly<{
  pools: FunctionPools;
  settings: EdgeSettings;
  /** Returns the bytes of a part; undefined when they cannot be read. */
  bytesOf(part: Part): Promise<Buffer | undefined>;
  /** Lets the function respond alone: nothing has been sent yet. */
  toFunction(): void;
  finished(exchange: Exchange): void;
  compressorSlots: CompressorSlots;
}>;

/** A partially prerendered page whose rest its function renders from `postponed`. */
export type ResumeJob = Readonly<{
  exchange: Exchange;
  projectId: ProjectId;
  mayCompress: boolean;
  deploymentId: DeploymentId;
  path: string;
  tokens: ReadonlySet<string>;
  shell: Asset;
  postponed: Part;
}>;

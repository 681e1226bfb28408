import { availableParallelism, totalmem } from 'node:os';
import { DEFAULT_ARTIFACT_LIMITS, type ArtifactLimits } from '@anchor/packaging/output/limits.ts';

/** Limits of one build and its artifact. Every number can be configured. */
export type BuildLimits = ArtifactLimits &
  Readonly<{
    memoryMb: number;
    cpus: number;
    processes: number;
    /** Size of the project's disk: checkout, dependencies, caches. */
    diskMb: number;
    /**
     * The part of that disk that stays for the project's next build: package stores, dependency trees, Next's cache.
     */
    cacheMb: number;
    /** Limit of the disks of all projects between builds. */
    cachesMb: number;
    /** For the whole build, from fetch to package. */
    minutes: number;
    /** Output beyond this is read and dropped, with one line that reports it. */
    outputMb: number;
  }>;

/** The limits where nothing else is configured. Memory and processors are those of this machine. */
export const DEFAULT_LIMITS: BuildLimits = {
  ...DEFAULT_ARTIFACT_LIMITS,
  memoryMb: Math.max(1_024, Math.min(8_192, Math.floor(totalmem() / 2 / 1_048_576))),
  cpus: availableParallelism(),
  processes: 512,
  diskMb: 10_240,
  cacheMb: 3_072,
  cachesMb: 20_480,
  minutes: 30,
  outputMb: 64,
};

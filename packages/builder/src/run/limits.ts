/** What one build may use. Every number can be configured. */
export type BuildLimits = Readonly<{
  memoryMb: number;
  cpus: number;
  processes: number;
  /** Size of the project's disk: checkout, dependencies, caches. */
  diskMb: number;
  /** For the whole build, from fetch to package. */
  minutes: number;
  /** Output beyond this is read and thrown away, with one line that says so. */
  outputMb: number;
  /** Of one file of the artifact, and of all of them. */
  fileMb: number;
  artifactMb: number;
  artifactFiles: number;
}>;

export const DEFAULT_LIMITS: BuildLimits = {
  memoryMb: 4096, cpus: 2, processes: 2048, diskMb: 10_240, minutes: 30, outputMb: 64, fileMb: 512, artifactMb: 4096, artifactFiles: 200_000,
};

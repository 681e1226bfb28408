/** Limits of one artifact. Every number can be configured. */
export type ArtifactLimits = Readonly<{
  /** Megabytes of one file, megabytes of all files together, and how many files there may be. */
  fileMb: number;
  artifactMb: number;
  artifactFiles: number;
  /** Megabytes and entries of the list of files and pages that the edge serves by itself. */
  manifestMb: number;
  manifestFiles: number;
}>;

export const DEFAULT_ARTIFACT_LIMITS: ArtifactLimits = {
  fileMb: 512,
  artifactMb: 4096,
  artifactFiles: 200_000,
  manifestMb: 16,
  manifestFiles: 50_000,
};

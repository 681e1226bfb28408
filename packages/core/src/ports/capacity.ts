import type { Result } from '../result/result.ts';

/**
 * Checks whether there is space for another build. The check reserves nothing, so several builds may start at once. One
 * machine: refuses (`disk_full`) before the disk is so full that serving would suffer, and when the space is unknown
 * (`internal`). (AWS: always space in S3 and CodeBuild; an account's limit of concurrent builds makes builds wait in
 * CodeBuild's own queue and is no refusal here.)
 */
export interface Capacity {
  /** Succeeds when a build may start. Errors: `disk_full`, `internal`. */
  checkSpaceForBuild(): Promise<Result<void>>;
}

import type { Result } from '../result/result.ts';

/**
 * Whether there is room for another build; asking reserves nothing, so several that were told yes may begin at once.
 * One machine: refuses (`disk_full`) before the disk is so full that serving would suffer, and when it can not tell
 * (`internal`). (AWS: always room in S3 and CodeBuild; an account's limit of concurrent builds makes builds wait in
 * CodeBuild's own queue and is no refusal here.)
 */
export interface Capacity {
  roomForBuild(): Promise<Result<void>>;
}

import type { Result } from '../result/result.ts';

/** Whether there is room for another build. (AWS: always.) One machine: refuses before the disk is so full that serving would suffer. */
export interface Capacity {
  roomForBuild(): Promise<Result<void>>;
}

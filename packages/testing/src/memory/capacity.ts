import type { Capacity } from '@anchor/core/ports/capacity.ts';
import { fail, ok } from '@anchor/core/result/result.ts';

export type MemoryCapacity = Capacity & { space: 'enough' | 'none' | 'unknown' };

/** Creates a capacity with as much space as a test sets. */
export function capacity(): MemoryCapacity {
  const subject: MemoryCapacity = {
    space: 'enough',
    async checkSpaceForBuild() {
      if (subject.space === 'none')
        return fail('disk_full', 'The disk is nearly full', 'Free some space.', 'a test said so');
      return subject.space === 'enough' ? ok(undefined) : fail('internal', 'The disk cannot be read', 'Look at it.');
    },
  };
  return subject;
}

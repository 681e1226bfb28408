import type { Capacity } from '@anchor/core/ports/capacity.ts';
import { fail, ok } from '@anchor/core/result/result.ts';

export type MemoryCapacity = Capacity & { room: 'enough' | 'none' | 'unknown' };

/** As much room as a test says. */
export function capacity(): MemoryCapacity {
  const subject: MemoryCapacity = {
    room: 'enough',
    async roomForBuild() {
      if (subject.room === 'none') return fail('disk_full', 'The disk is nearly full', 'Make room.', 'a test said so');
      return subject.room === 'enough' ? ok(undefined) : fail('internal', 'The disk can not be looked at', 'Look at it.');
    },
  };
  return subject;
}

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Capacity } from '@anchor/core/ports/capacity.ts';
import { using, type Harness } from '../harness.ts';

/** `fill` uses up the space, `free` releases it; absent on platforms without a limit. `lose` makes the check fail. */
export type CapacityHarness = Harness<Capacity> &
  Readonly<{ fill?: () => Promise<void>; free?: () => Promise<void>; lose?: () => Promise<void> }>;

export function capacityContract(name: string, make: () => Promise<CapacityHarness>): void {
  test(
    `${name}: with free space a build may start, however many check at once, and a check reserves nothing`,
    using(make, async ({ subject }) => {
      for (let i = 0; i < 2; i++) {
        const results = await Promise.all(Array.from({ length: 50 }, () => subject.checkSpaceForBuild()));
        assert.ok(results.every(({ ok }) => ok));
      }
    }),
  );

  test(
    `${name}: without space a build is refused with the reason and the fix, until there is space again`,
    using(make, async ({ subject, fill, free }) => {
      if (fill === undefined || free === undefined) return;
      await fill();
      const refused = await subject.checkSpaceForBuild();
      assert.ok(!refused.ok);
      assert.equal(refused.error.code, 'disk_full');
      assert.ok(refused.error.fix.length > 0 && (refused.error.cause ?? '').length > 0);
      await free();
      assert.ok((await subject.checkSpaceForBuild()).ok);
    }),
  );

  test(
    `${name}: when it cannot tell it refuses, and does not throw`,
    using(make, async ({ subject, lose }) => {
      if (lose === undefined) return;
      await lose();
      const refused = await subject.checkSpaceForBuild();
      assert.ok(!refused.ok);
      assert.equal(refused.error.code, 'internal');
    }),
  );
}

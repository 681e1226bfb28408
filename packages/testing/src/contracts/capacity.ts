import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Capacity } from '@anchor/core/ports/capacity.ts';
import { using, type Harness } from '../harness.ts';

/** `fill` takes the room away, `free` gives it back; absent in homes that always have room. `lose` makes it impossible to tell. */
export type CapacityHarness = Harness<Capacity> & Readonly<{ fill?: () => Promise<void>; free?: () => Promise<void>; lose?: () => Promise<void> }>;

export function capacityContract(name: string, make: () => Promise<CapacityHarness>): void {
  test(`${name}: with room a build may begin, however many ask at once, and asking takes nothing away`, using(make, async ({ subject }) => {
    for (let i = 0; i < 2; i++) {
      const answers = await Promise.all(Array.from({ length: 50 }, () => subject.roomForBuild()));
      assert.ok(answers.every(({ ok }) => ok));
    }
  }));

  test(`${name}: without room a build is refused with why and what to do, until there is room again`, using(make, async ({ subject, fill, free }) => {
    if (fill === undefined || free === undefined) return;
    await fill();
    const refused = await subject.roomForBuild();
    assert.ok(!refused.ok);
    assert.equal(refused.error.code, 'disk_full');
    assert.ok(refused.error.fix.length > 0 && (refused.error.cause ?? '').length > 0);
    await free();
    assert.ok((await subject.roomForBuild()).ok);
  }));

  test(`${name}: when it can not tell it refuses, and does not throw`, using(make, async ({ subject, lose }) => {
    if (lose === undefined) return;
    await lose();
    const refused = await subject.roomForBuild();
    assert.ok(!refused.ok);
    assert.equal(refused.error.code, 'internal');
  }));
}

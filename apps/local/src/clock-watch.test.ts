import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryHome } from '@anchor/testing/memory/home.ts';
import { clockWatch } from './clock-watch.ts';

const DAY = 86_400_000;

test("a clock that is 500 days ahead is detected, and accepted after a user's confirmation or a day", async () => {
  const home = memoryHome();
  let uptime = 0;
  const watch = clockWatch(home, () => uptime);
  await watch.tick();
  assert.equal(await watch.jump(), undefined);
  home.clock.advance(20 * DAY);
  await watch.tick();
  assert.equal(await watch.jump(), undefined, 'a platform that was off for three weeks');
  home.clock.advance(500 * DAY);
  await watch.tick();
  assert.match((await watch.jump()) ?? '', /500 days ahead/);
  await watch.tick();
  assert.ok(await watch.jump(), 'it is still so at the next look');
  assert.match((await clockWatch(home).jump()) ?? '', /500 days/, 'and after a restart');
  uptime += DAY;
  await watch.tick();
  assert.equal(await watch.jump(), undefined);
  home.clock.advance(100 * DAY);
  assert.ok(await watch.jump());
  await watch.accept();
  assert.equal(await watch.jump(), undefined);
});

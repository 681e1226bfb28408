import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';

const MODULE = JSON.stringify(new URL('./memory-limit.ts', import.meta.url).href);
const grow = (what: string) =>
  spawnSync(
    process.execPath,
    [
      '--input-type=module',
      '--eval',
      `
  const { limitOwnMemory } = await import(${MODULE});
  if (!(await limitOwnMemory(256))) process.exit(9);
  const kept = [];
  process.on('exit', () => console.log(Math.round(process.resourceUsage().maxRSS / 1024)));
  for (let i = 0; i < 4_096; i++) ${what}
  console.log('grown');`,
    ],
    { encoding: 'utf8', timeout: 60_000 },
  );

for (const [what, code] of [
  ['buffers', 'kept.push(Buffer.alloc(1 << 20, 1));'],
  ['objects', 'kept.push(Array.from({ length: 20_000 }, (_, j) => ({ i, j })));'],
] as const) {
  test(`a process that grows without end by ${what} is ended by its own limit`, () => {
    const { stdout, status, signal } = grow(code);
    assert.doesNotMatch(stdout, /grown/);
    assert.ok(status !== 0 || signal !== null);
    assert.notEqual(status, 9);
    const most = Number(/^\d+$/m.exec(stdout)?.[0] ?? 0);
    assert.ok(most < 600, `${most} MB`);
  });
}

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { endToEndFiles, nextFiles } from './files.ts';
import { ALONE, schedule, SECONDS } from './schedule.ts';

const root = join(import.meta.dirname, '../..');
const files = [...endToEndFiles(root), ...nextFiles(root)];

test('every file runs once: three at a time with the longest first, or alone', () => {
  const { together, alone } = schedule(['e2e/up.test.ts', 'e2e/kill.test.ts', 'e2e/servers.test.ts']);
  assert.deepEqual(together, ['e2e/servers.test.ts', 'e2e/up.test.ts']);
  assert.deepEqual(alone, ['e2e/kill.test.ts']);
});

test('the schedule names files that exist', () => {
  for (const file of [...Object.keys(ALONE), ...Object.keys(SECONDS)]) assert.ok(files.includes(file), file);
});

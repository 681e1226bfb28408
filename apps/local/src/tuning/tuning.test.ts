import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { functionTuning } from './functions.ts';
import { processStart } from './process-start.ts';
import { isOn, unknownNames } from './tuning.ts';
import { TUNINGS } from './tunings.ts';

const ALL = Object.values(TUNINGS).flat();
const root = join(import.meta.dirname, '../../../..');
/** In this PATH there is no `chrt`, whatever the machine has. */
const ON: NodeJS.ProcessEnv = { PATH: '/nonexistent' };
const off = (names: string): NodeJS.ProcessEnv => ({ ...ON, ANCHOR_TUNING_OFF: names });

test('each tuning has a name of its own and is in a file that exists; a measurement has a day and a figure', () => {
  assert.equal(new Set(ALL.map(({ name }) => name)).size, ALL.length);
  for (const { name, file, measured } of ALL) {
    assert.match(name, /^[a-z]+(?:-[a-z]+)+$/);
    assert.ok(existsSync(join(root, file)), `${name}: ${file}`);
    if (measured !== undefined) assert.match(`${measured.on} ${measured.figure}`, /^20\d\d-\d\d-\d\d .*\d/);
  }
});

test('every kind of process starts with its tunings', () => {
  assert.deepEqual(processStart('edge', ON), {
    prefix: [],
    flags: ['--max-semi-space-size=16', '--no-parallel-scavenge'],
    variables: { MALLOC_ARENA_MAX: '2' },
  });
  assert.deepEqual(processStart('host', ON).flags, ['--max-semi-space-size=4']);
  assert.deepEqual(processStart('host', ON).variables, { MALLOC_ARENA_MAX: '2' });
  assert.deepEqual(processStart('server', ON).variables, { MALLOC_ARENA_MAX: '2', UV_THREADPOOL_SIZE: '16' });
});

test('ANCHOR_TUNING_OFF switches off exactly what it names', () => {
  const nothing = { prefix: [], flags: [], variables: {} };
  assert.deepEqual(processStart('edge', off(' malloc-arenas, edge-young-generation,edge-serial-scavenge')), nothing);
  assert.deepEqual(processStart('server', off('malloc-arenas,server-thread-pool,control-young-generation')), nothing);
  assert.deepEqual(functionTuning(off('function-heap-growing')), {
    youngGeneration: true,
    noMemoryReducer: true,
    heapGrowing: false,
  });
  for (const tuning of ALL) {
    assert.ok(isOn(tuning, ON));
    assert.equal(isOn(tuning, off(tuning.name)), false);
  }
});

test('a name that switches nothing off is reported', () => {
  const names = 'edge-young-generation,edge-young,compile-cache';
  assert.deepEqual(unknownNames(off(names), ALL), ['edge-young', 'compile-cache']);
  assert.deepEqual(unknownNames(ON, ALL), []);
});

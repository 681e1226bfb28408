import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_LIMITS } from '@anchor/build-runner/session/limits.ts';
import { DEFAULT_RETENTION } from '@anchor/core/retention/retention-settings.ts';
import { DEFAULT_FLOOR } from '@anchor/sandbox-linux/cgroup-idle.ts';
import { FLAGS } from './flags.ts';
import { parseCommand, usage } from './command-line.ts';

const settingsOf = (argv: readonly string[], env: NodeJS.ProcessEnv = {}) => {
  const parsed = parseCommand(argv, env);
  assert.ok(parsed.ok, parsed.ok ? '' : parsed.error.message);
  return parsed.value.settings;
};

test('a flag overrides its environment variable', () => {
  assert.equal(settingsOf([], { ANCHOR_PREWARM_MAX: '3' }).prewarmMax, 3);
  assert.equal(settingsOf(['--prewarm-max', '5'], { ANCHOR_PREWARM_MAX: '3' }).prewarmMax, 5);
});

test('earlier names of flags and variables still work, the current one wins', () => {
  const earlier = settingsOf([
    '--waiting-functions',
    '5',
    '--waiting-memory-mb',
    '100',
    '--waiting-minutes',
    '2',
    '--function-turns',
  ]);
  assert.deepEqual(
    [earlier.prewarmMax, earlier.prewarmMemoryMb, earlier.prewarmTtlMinutes, earlier.functionRoundRobin],
    [5, 100, 2, true],
  );
  assert.equal(settingsOf([], { ANCHOR_WAITING_FUNCTIONS: '4' }).prewarmMax, 4);
  assert.equal(
    settingsOf(['--prewarm-max', '6', '--waiting-functions', '5'], { ANCHOR_WAITING_FUNCTIONS: '4' }).prewarmMax,
    6,
  );
});

test('help shows the current name of each flag only', () => {
  const text = usage();
  for (const [flag, { formerly }] of Object.entries(FLAGS)) {
    assert.ok(text.includes(`--${flag} `), flag);
    if (formerly !== undefined) assert.ok(!text.includes(formerly.flag) && !text.includes(formerly.env), formerly.flag);
  }
});

test('an unknown flag is refused', () => {
  const parsed = parseCommand(['--warm-max', '1'], {});
  assert.ok(!parsed.ok && parsed.error.code === 'invalid_input');
});

test('a setting that a package has a default for starts with that default', () => {
  const settings = settingsOf([]);
  assert.deepEqual(
    {
      minutes: settings.buildMinutes,
      memoryMb: settings.buildMemoryMb,
      cpus: settings.buildCpus,
      processes: settings.buildProcesses,
      diskMb: settings.buildDiskMb,
      cacheMb: settings.buildCacheMb,
      manifestMb: settings.manifestMb,
      manifestFiles: settings.manifestFiles,
    },
    pick(DEFAULT_LIMITS, [
      'minutes',
      'memoryMb',
      'cpus',
      'processes',
      'diskMb',
      'cacheMb',
      'manifestMb',
      'manifestFiles',
    ]),
  );
  assert.deepEqual(
    [settings.artifactDays, settings.recordDays, settings.buildFloorPercent / 100],
    [DEFAULT_RETENTION.artifactDays, DEFAULT_RETENTION.recordDays, DEFAULT_FLOOR],
  );
});

const pick = <T extends object, K extends keyof T>(from: T, keys: readonly K[]): object =>
  Object.fromEntries(keys.map((key) => [key, from[key]]));

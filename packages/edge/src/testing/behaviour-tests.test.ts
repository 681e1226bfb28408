import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { BEHAVIOUR_TESTS } from './behaviour-tests.ts';

const SOURCES = join(import.meta.dirname, '..');
/** Tests of one protocol, or of a listener alone: they choose themselves how they connect. */
const OF_ONE_PROTOCOL: ReadonlySet<string> = new Set([
  'fastpath/switches.test.ts',
  'handler/domain-gate.test.ts',
  'http1/own/connection.test.ts',
  'http1/own/differential.test.ts',
  'server/hostile-clients.test.ts',
  'server/tls/tls.test.ts',
  'util/connection-limits.test.ts',
]);

test('every test of what a client gets is run over each protocol, or says that it is of one', () => {
  const behaviour: ReadonlySet<string> = new Set(BEHAVIOUR_TESTS);
  const found = globSync('**/*.test.ts', { cwd: SOURCES }).filter(
    (file) => !file.startsWith('testing/') && readFileSync(join(SOURCES, file), 'utf8').includes('bed.get('),
  );
  assert.deepEqual(
    found.filter((file) => !behaviour.has(file) && !OF_ONE_PROTOCOL.has(file)),
    [],
    'add it to behaviour-tests.ts',
  );
  for (const file of [...behaviour, ...OF_ONE_PROTOCOL]) readFileSync(join(SOURCES, file));
});

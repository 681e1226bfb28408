import assert from 'node:assert/strict';
import { test } from 'node:test';
import { must } from '@anchor/testing/samples.ts';
import { ownNames } from './own-names.ts';
import { parseCommand } from './command-line.ts';

const namesOf = (...flags: readonly string[]): readonly string[] =>
  ownNames(must(parseCommand(['--https-port', '443', ...flags], {})).settings);

test('a server without a domain has a certificate for its address, one with a domain for the wildcard', () => {
  assert.deepEqual(namesOf('--public-address', '203.0.113.7'), ['203.0.113.7']);
  assert.deepEqual(namesOf('--public-address', '203.0.113.7', '--domain', 'apps.test'), ['*.apps.test']);
  assert.deepEqual(namesOf('--public-address', '203.0.113.7', '--api-domain', 'api.test'), ['api.test']);
  assert.deepEqual(namesOf(), []);
});

test('a private address has one only from a CA that was chosen: no public CA issues it', () => {
  assert.deepEqual(namesOf('--public-address', '10.0.0.5'), []);
  const chosen = ['--acme-directory', 'https://ca.lan/acme/directory'];
  assert.deepEqual(namesOf('--public-address', '10.0.0.5', ...chosen), ['10.0.0.5']);
});

import assert from 'node:assert/strict';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { must } from '@anchor/testing/samples.ts';
import { temporaryDirectory } from '@anchor/testing/temporary.ts';
import { acmeAuthorities } from './acme-authorities.ts';
import { parseCommand } from './command-line.ts';

const ACCOUNT = { keyId: 'kid-1', hmacKey: 'zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W' };
const TWO = ['--acme-directory', 'https://ca.example/dir', '--acme-directory', 'https://second.example/dir'];
const authoritiesOf = (...flags: readonly string[]) =>
  acmeAuthorities(must(parseCommand(['--https-port', '443', ...flags], {})).settings);

/** Returns a file with this text. */
async function fileWith(t: TestContext, text: string, mode = 0o600): Promise<string> {
  const directory = await temporaryDirectory();
  t.after(() => directory.remove());
  const file = join(directory.path, 'eab.json');
  await writeFile(file, text);
  await chmod(file, mode);
  return file;
}

test("the profile is that of every CA, the external account that of the first one's customer", async (t) => {
  const file = await fileWith(t, JSON.stringify(ACCOUNT));
  const both = must(await authoritiesOf(...TWO, '--acme-eab', file, '--acme-profile', 'shortlived'));
  assert.deepEqual(
    both.map(({ name, profile, externalAccount }) => [name, profile, externalAccount]),
    [
      ['ca.example', 'shortlived', ACCOUNT],
      ['second.example', 'shortlived', undefined],
    ],
  );
});

test('there is a CA only with an address for its mail or a directory, and with a port for HTTPS', async () => {
  assert.deepEqual(must(await authoritiesOf()), []);
  const [authority] = must(await authoritiesOf('--acme-email', 'you@example.com'));
  assert.deepEqual([authority?.name, authority?.profile], ["Let's Encrypt", undefined]);
  const { settings } = must(parseCommand(['--acme-email', 'you@example.com'], {}));
  assert.deepEqual(must(await acmeAuthorities(settings)), []);
});

test("an external account without its CA is refused, and not sent to Let's Encrypt", async (t) => {
  const file = await fileWith(t, JSON.stringify(ACCOUNT));
  for (const flags of [[], ['--acme-email', 'you@example.com']]) {
    const refused = await authoritiesOf(...flags, '--acme-eab', file);
    assert.match(
      refused.ok ? '' : `${refused.error.message}. ${refused.error.fix}`,
      /--acme-eab.*--acme-directory URL/,
    );
  }
});

test('an external account that other users may read is refused with the command', async (t) => {
  const file = await fileWith(t, JSON.stringify(ACCOUNT), 0o640);
  const refused = await authoritiesOf(...TWO, '--acme-eab', file);
  assert.equal(refused.ok ? '' : refused.error.fix, `Run: chmod 600 ${file}`);
});

test('a file without an external account is refused, and the error quotes none of it', async (t) => {
  const secret = ACCOUNT.hmacKey;
  for (const text of [secret, `{"keyId":"kid-1","hmacKey":"${secret} !"}`, `{"hmacKey":"${secret}"}`, '[]', '']) {
    const refused = await authoritiesOf(...TWO, '--acme-eab', await fileWith(t, text));
    assert.ok(!refused.ok && refused.error.code === 'invalid_input', text);
    assert.doesNotMatch(JSON.stringify(refused.error), /zWNDZM/);
  }
  const absent = await authoritiesOf(...TWO, '--acme-eab', '/nonexistent/eab.json');
  assert.match(absent.ok ? '' : (absent.error.cause ?? ''), /ENOENT/);
});

test('two CAs of one host have names of their own: orders, budgets and the second choice go by them', async () => {
  const second = 'https://ca.example/acme/two/directory';
  const flags = ['--acme-directory', 'https://ca.example/acme/one/directory', '--acme-directory', second];
  const authorities = must(await authoritiesOf(...flags));
  assert.deepEqual(
    authorities.map(({ name }) => name),
    ['ca.example', second],
  );
});

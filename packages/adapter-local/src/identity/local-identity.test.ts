import { test } from 'node:test';
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { newId } from '@anchor/core/names/id.ts';
import { identityContract } from '@anchor/testing/contracts/identity.ts';
import { must } from '@anchor/testing/samples.ts';
import { temporaryDirectory } from '@anchor/testing/temporary.ts';
import { openDatabase } from '../sqlite/database.ts';
import { LocalIdentity } from './local-identity.ts';
import { hashPassword, verifyPassword } from './password-hash.ts';
import { checkPasswordStrength } from './password-strength.ts';

async function open() {
  const directory = await temporaryDirectory();
  const file = join(directory.path, 'anchor.db');
  let db = must(openDatabase(file));
  return {
    subject: new LocalIdentity(db),
    db: () => db,
    reopen: async () => {
      db.close();
      db = must(openDatabase(file));
      return new LocalIdentity(db);
    },
    end: async () => {
      db.close();
      await directory.remove();
    },
  };
}

identityContract('identity of one machine', open);

test('the database has an Argon2id hash with a salt of its own, and no password', async (t) => {
  const { subject, db, end } = await open();
  t.after(end);
  for (const n of [1, 2]) must(await subject.setPassword(newId('per', n), 'four random words'));
  const hashes = db()
    .all('SELECT hash FROM passwords')
    .map((row) => String(row['hash']));
  assert.match(hashes[0] ?? '', /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  assert.notEqual(hashes[0], hashes[1]);
});

test('a hash of another cost still matches, and a damaged one matches nothing', async () => {
  const hash = await hashPassword('a password');
  assert.ok(await verifyPassword('a password', hash));
  assert.ok(await verifyPassword('\u00e9', await hashPassword('e\u0301')), 'both spellings of é are one');
  for (const damaged of ['', hash.slice(0, 40), hash.replace('argon2id', 'argon2i'), `${hash}$`])
    assert.equal(await verifyPassword('a password', damaged), false);
});

test('dates, keyboard walks, repetitions and what is known of the person are refused with the reason', async () => {
  const known = ['ada@example.com', 'Ada Lovelace'];
  for (const password of ['1qaz2wsx3edc', 'abcabcabcabc', 'lovelace2024', 'ada@example.com', 'passw0rd123!']) {
    const refused = await checkPasswordStrength(password, known);
    assert.ok(!refused.ok && /easily guessed/.test(refused.error.message), password);
  }
  assert.ok((await checkPasswordStrength('x9#kQ'.repeat(40), known)).ok);
});

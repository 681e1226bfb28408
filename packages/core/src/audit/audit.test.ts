import { test } from 'node:test';
import assert from 'node:assert/strict';
import { memoryStores } from '@anchor/testing/memory/stores.ts';
import { sampleAuditEntry } from '@anchor/testing/samples.ts';
import { changedFields } from './changed-fields.ts';
import { exportAudit } from './export-audit.ts';

test('only fields that differ are kept, of both states', () => {
  assert.deepEqual(changedFields({ a: 1, b: [1], c: 1 }, { a: 1, b: [2], d: 1 }), {
    before: { b: [1], c: 1 },
    after: { b: [2], d: 1 },
  });
  assert.deepEqual(changedFields(undefined, { a: 1, b: undefined }), { after: { a: 1 } });
  assert.deepEqual(changedFields({ a: 1 }, undefined), { before: { a: 1 } });
});

test('the longest fields of a large state are left out first', () => {
  const { after } = changedFields(undefined, { small: 'x', large: 'x'.repeat(100_000) });
  assert.deepEqual(after, { small: 'x', large: '(too long for the audit log)' });
});

test('very many fields are bounded too, and those that fit are kept whole', () => {
  const commit = 'a'.repeat(40);
  const refs = Object.fromEntries(
    Array.from({ length: 10_000 }, (_, i) => [`refs/heads/${'x'.repeat(60)}${i}`, commit]),
  );
  const { after = {} } = changedFields(undefined, refs);
  assert.ok(JSON.stringify(after).length < 17_000, String(JSON.stringify(after).length));
  const { '…': rest, ...whole } = after;
  assert.ok(Object.keys(whole).length > 100);
  assert.deepEqual([...new Set(Object.values(whole))], [commit]);
  assert.equal(rest, `${10_000 - Object.keys(whole).length} more are too many for the audit log`);
});

test('a cell of the CSV cannot become a formula, and quotes are doubled', async () => {
  const { audit } = memoryStores();
  await audit.begin(sampleAuditEntry({ actor: { kind: 'token', id: 'tok', name: '=HYPERLINK("x"),\r\n' } }));
  let csv = '';
  for await (const bytes of exportAudit(audit, {}, 'csv')) csv += new TextDecoder().decode(bytes);
  assert.ok(csv.includes(`,"'=HYPERLINK(""x""),\r\n",`));
});

test('an export of more than one page has every entry once', async () => {
  const { audit } = memoryStores();
  const written = Array.from({ length: 205 }, () => sampleAuditEntry());
  for (const entry of written) await audit.begin(entry);
  let lines = '';
  for await (const bytes of exportAudit(audit, {}, 'jsonl')) lines += new TextDecoder().decode(bytes);
  const ids = lines
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { id: string }).id);
  assert.deepEqual(ids, written.map(({ id }) => id).toReversed());
});

import { test } from 'node:test';
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { createRedactor } from './redact.ts';

const run = (secrets: readonly string[], chunks: readonly string[]): string => {
  const redactor = createRedactor(secrets);
  return chunks.map((chunk) => redactor.push(chunk)).join('') + redactor.flush();
};

test('a secret is removed however the stream is cut into chunks', () => {
  const secret = fc.string({ minLength: 6, maxLength: 24, unit: fc.constantFrom(...'abcdefghijkXYZ0123456789!#$ %'.split('')) }).filter((text) => text.trim().length >= 6);
  fc.assert(
    fc.property(secret, fc.string(), fc.string(), fc.array(fc.nat(80), { maxLength: 8 }), (value, before, after, cuts) => {
      const text = `${before}${value}${after}${value}`;
      const points = [0, ...cuts.map((cut) => cut % (text.length + 1)).sort((a, b) => a - b), text.length];
      const chunks = points.slice(1).map((point, i) => text.slice(points[i], point));
      assert.ok(!run([value], chunks).includes(value));
    }),
  );
});

test('text without secrets passes unchanged and whole', () => {
  fc.assert(fc.property(fc.array(fc.string({ unit: fc.constantFrom('a', 'b', '\n', ' ') })), (chunks) => assert.equal(run(['zzzz-secret'], chunks), chunks.join(''))));
});

test('base64 of a secret is removed at every alignment', () => {
  const secret = 'p@ss#word!-very-long';
  for (const prefix of ['', 'a', 'ab', 'abc', 'user:']) {
    const encoded = Buffer.from(`${prefix}${secret}`).toString('base64');
    const shown = run([secret], [encoded.slice(0, 7), encoded.slice(7)]);
    assert.ok(shown.includes('•••'), `${prefix}: ${shown}`);
    assert.ok(!Buffer.from(shown, 'base64').toString('latin1').includes('ss#word'));
  }
});

test('URL-encoded and JSON-escaped forms are removed too', () => {
  const secret = 'pa ss"w\nord&1';
  assert.ok(!run([secret], [`https://x/?q=${encodeURIComponent(secret)}`]).includes('%22w'));
  assert.ok(!run([secret], [JSON.stringify({ secret })]).includes('w\\nord'));
});

test('a long line of a multi-line secret is removed by itself', () => {
  const key = '-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG\n-----END KEY-----';
  assert.ok(!run([key], ['got MIIEvQIBADANBgkqhkiG\n']).includes('MIIEvQ'));
});

test('a megabyte of text that starts like a secret on every line is redacted in little time', () => {
  const secret = `${'a'.repeat(60)}b`;
  const shown = run([secret], Array.from({ length: 1_000 }, () => `${'a'.repeat(1_000)}\n`));
  assert.equal(shown.length, 1_001_000);
});

test('a secret that starts like another is removed whole, cut anywhere', () => {
  for (let cut = 0; cut <= 12; cut++) assert.equal(run(['abcd', 'abcdefghijkl'], ['abcdefghijkl'.slice(0, cut), 'abcdefghijkl'.slice(cut)]), '•••');
  assert.equal(run(['abab'], ['xab', 'ab', 'y']), 'x•••y');
});

test('values of the largest size, and as many as an environment holds, are removed: no pattern becomes too large', () => {
  const long = Array.from({ length: 4096 }, (_, i) => `${(i * 7919) % 10_007}-key`).join('').slice(0, 32 * 1024);
  const many = Array.from({ length: 1000 }, (_, i) => `${'common start '.repeat(20)}${i} end`);
  const redactor = createRedactor([long, ...many]);
  let shown = redactor.push('before ');
  for (let at = 0; at < long.length; at += 777) shown += redactor.push(long.slice(at, at + 777));
  shown += redactor.push(` between ${many[7]} after`) + redactor.flush();
  assert.ok(shown.startsWith('before •••') && shown.endsWith(' after'), shown.slice(0, 80));
  assert.doesNotMatch(shown, /-key|common start/);
});

test('no secret and no text makes redacting slow for the others on the machine', () => {
  const hostile = [`${'a'.repeat(30_000)}b${'a'.repeat(30_000)}`, ...Array.from({ length: 500 }, (_, i) => `${'a'.repeat(i + 4)}x`)];
  const redactor = createRedactor(hostile);
  const begun = performance.now();
  for (let i = 0; i < 4; i++) redactor.push(`${'a'.repeat(64 * 1024)}c`);
  assert.ok(performance.now() - begun < 3_000, `${performance.now() - begun} ms for 256 KB`);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { conflictLine } from './conflict-markers.ts';

test('the first conflict of a merge is found by its three markers, whatever ends the lines', () => {
  const text = '{\n<<<<<<< HEAD\n  "a": 1\n=======\n  "a": 2\n>>>>>>> feat\n}\n';
  assert.equal(conflictLine(text), 2);
  assert.equal(conflictLine(text.replaceAll('\n', '\r\n')), 2);
  assert.equal(conflictLine(text.replace('\n=======', '\n||||||| 1234567\n  "a": 0\n=======')), 2);
  assert.equal(conflictLine(`<<<<<<<\n=======\n>>>>>>>`), 1);
});

test('text without all markers, at the start of a line, has no conflict', () => {
  for (const text of [
    '',
    '{}',
    '<<<<<<< HEAD\n',
    '"<<<<<<< HEAD\n=======\n>>>>>>> x"',
    '=======\n>>>>>>> x\n',
    '<<<<<<<<\n',
  ])
    assert.equal(conflictLine(text), undefined, text);
});

test('a hostile text costs time by its length alone', () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom('<<<<<<<', '=======', '>>>>>>>', '\n', ' ', '<', 'a'.repeat(5_000)), { maxLength: 400 }),
      (parts) => {
        const text = parts.join('');
        const line = conflictLine(text);
        assert.ok(line === undefined || text.split('\n')[line - 1]?.startsWith('<<<<<<<') === true);
      },
    ),
    { numRuns: 200 },
  );
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createLineSplitter } from './log-lines.ts';

const split = (chunks: readonly string[]) => {
  const splitter = createLineSplitter('info');
  return [...chunks.flatMap((chunk) => splitter.push(chunk)), ...splitter.flush()];
};

test('a line of a request carries its id and level, others the level of their stream', () => {
  assert.deepEqual(split(['plain\n\x1ereq-1\x1fwarn\x1fcareful\r\n', 'no end']), [
    { level: 'info', text: 'plain' },
    { level: 'warn', text: 'careful', requestId: 'req-1' },
    { level: 'info', text: 'no end' },
  ]);
});

test('what only looks like a request prefix stays text', () => {
  for (const line of [
    '\x1ereq\x1floud\x1ftext',
    '\x1e\x1finfo\x1ftext',
    'x\x1ereq\x1finfo\x1ftext',
    `\x1e${'r'.repeat(200)}\x1finfo\x1ftext`,
  ]) {
    assert.deepEqual(split([`${line}\n`]), [{ level: 'info', text: line }]);
  }
});

test('a very long line is cut into pieces that keep their request', () => {
  const lines = split([`\x1ereq-1\x1ferror\x1f${'x'.repeat(50_000)}`, `${'y'.repeat(10)}\nnext\n`]);
  assert.ok(lines.every((line) => Buffer.byteLength(line.text) <= 65_536));
  assert.equal(
    lines
      .filter((line) => line.requestId === 'req-1')
      .map((line) => line.text)
      .join(''),
    `${'x'.repeat(50_000)}${'y'.repeat(10)}`,
  );
  assert.deepEqual(lines.at(-1), { level: 'info', text: 'next' });
});

test('lines are the same wherever the chunks are cut', () => {
  const line = fc.oneof(
    fc.string({ maxLength: 20 }).map((text) => text.replaceAll('\n', '')),
    fc.constant('\x1er1\x1fdebug\x1fhello'),
  );
  fc.assert(
    fc.property(fc.array(line, { maxLength: 8 }), fc.array(fc.nat(100), { maxLength: 6 }), (lines, cuts) => {
      const text = lines.map((line) => `${line}\n`).join('');
      const offsets = [0, ...cuts.map((cut) => Math.min(cut, text.length)).sort((a, b) => a - b), text.length];
      const chunks = offsets.slice(1).map((end, i) => text.slice(offsets[i], end));
      assert.deepEqual(split(chunks), split([text]));
      assert.equal(split([text]).length, lines.length);
    }),
  );
});

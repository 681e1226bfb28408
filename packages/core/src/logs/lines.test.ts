import { test } from 'node:test';
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { createLineSplitter, levelOf } from './lines.ts';

test('lines come out the same however the stream is cut', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: fc.constantFrom('a', 'b', '\n', ' ') })), (chunks) => {
      const splitter = createLineSplitter();
      const lines = [...chunks.flatMap((chunk) => [...splitter.push(chunk)]), ...splitter.flush()];
      const whole = chunks.join('').split('\n');
      if (whole.at(-1) === '') whole.pop();
      assert.deepEqual(lines, whole);
    }),
  );
});

test('a progress bar leaves its last state, and a line without end is split', () => {
  const splitter = createLineSplitter();
  assert.deepEqual(splitter.push('10%\r50%\r100%\r\n'), ['100%']);
  const parts = createLineSplitter().push('x'.repeat(200_000));
  assert.ok(parts.length >= 3 && parts.every((part) => part.length <= 64 * 1024));
});

test('the level is read from what tools write', () => {
  assert.equal(levelOf('npm ERR! missing', 'info'), 'error');
  assert.equal(levelOf('⨯ Failed to compile', 'info'), 'error');
  assert.equal(levelOf('npm warn deprecated', 'info'), 'warn');
  assert.equal(levelOf('✓ Compiled', 'info'), 'info');
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { buildPathIndex, PathIndex } from './path-index.ts';

test('an index has what was put in, and nothing else', () => {
  const paths = fc.uniqueArray(
    fc.oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom('/', '/a', '/b', '/café', '/日本', '__proto__')),
    { maxLength: 60 },
  );
  fc.assert(
    fc.property(paths, fc.array(fc.string(), { maxLength: 20 }), fc.nat(), (all, others, seed) => {
      const known = all.filter((path) => path.isWellFormed());
      const index = new PathIndex(
        buildPathIndex(
          known.map((path, i) => [path, `${i} ${path}`]),
          seed,
        ),
      );
      assert.equal(index.size, known.length);
      for (const [i, path] of known.entries()) assert.equal(index.find(path), `${i} ${path}`);
      for (const other of others) if (!known.includes(other)) assert.equal(index.find(other), undefined);
    }),
  );
});

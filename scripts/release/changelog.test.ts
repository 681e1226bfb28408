import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { releaseChangelog, setVersion } from './changelog.ts';

const CHANGELOG = '# Changelog\n\n## Unreleased\n\n- A new thing.\n\n## 0.9.0 (2026-01-01)\n\n- An old one.\n';

test('the entries under Unreleased become a release, and an empty Unreleased stays above', () => {
  assert.equal(
    releaseChangelog(CHANGELOG, '0.10.0', '2026-02-03'),
    '# Changelog\n\n## Unreleased\n\n## 0.10.0 (2026-02-03)\n\n- A new thing.\n\n## 0.9.0 (2026-01-01)\n\n- An old one.\n',
  );
});

test('a first release needs no older one', () => {
  assert.match(
    releaseChangelog('# Changelog\n\n## Unreleased\n\n- One.\n', '1.0.0', '2026-02-03'),
    /## 1\.0\.0 \(2026-02-03\)\n\n- One\.\n$/,
  );
});

for (const [what, text, version, error] of [
  ['a release without entries', '# Changelog\n\n## Unreleased\n\n## 0.9.0 (2026-01-01)\n', '1.0.0', /Nothing is under/],
  ['a version that is not later', CHANGELOG, '0.9.0', /not later than 0\.9\.0/],
  ['a version in another form', CHANGELOG, 'v1.0', /is not a version/],
] as const) {
  test(`${what} is refused`, () => assert.throws(() => releaseChangelog(text, version, '2026-02-03'), error));
}

test('the version is set in both files of the repository, and nowhere else in them', () => {
  for (const [name, changed] of [
    ['package.json', 1],
    ['package-lock.json', 2],
  ] as const) {
    const before = readFileSync(join(import.meta.dirname, '../..', name), 'utf8').split('\n');
    const after = setVersion(before.join('\n'), '99.0.0').split('\n');
    assert.equal(after.filter((line, i) => line !== before[i]).length, changed, name);
    assert.equal((JSON.parse(after.join('\n')) as { version: string }).version, '99.0.0');
  }
});

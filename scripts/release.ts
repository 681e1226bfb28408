import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { releaseChangelog, setVersion } from './release/changelog.ts';

const HELP = `Usage: node scripts/release.ts <version>

Makes a release of what is under "Unreleased" in CHANGELOG.md: names it by the version and today's date, and sets the
version in package.json and package-lock.json. Prints the git commands that are left.
`;

const { values, positionals } = parseArgs({
  options: { help: { type: 'boolean', short: 'h' } },
  allowPositionals: true,
});
const [version] = positionals;
if (values.help === true || version === undefined) {
  process.stdout.write(HELP);
  process.exit(values.help === true ? 0 : 2);
}

const root = join(import.meta.dirname, '..');
const read = (name: string): string => readFileSync(join(root, name), 'utf8');
try {
  const changelog = releaseChangelog(read('CHANGELOG.md'), version, new Date().toISOString().slice(0, 10));
  const manifests = ['package.json', 'package-lock.json'].map(
    (name) => [name, setVersion(read(name), version)] as const,
  );
  for (const [name, text] of [['CHANGELOG.md', changelog] as const, ...manifests])
    writeFileSync(join(root, name), text);
} catch (error) {
  console.error(`✗ ${error instanceof Error ? error.message : String(error)}`);
  process.exit(1);
}
console.log(
  `git commit -am 'release: ${version}'\ngit tag --annotate v${version} --message 'Anchor Deploy ${version}'`,
);

import { execFileSync } from 'node:child_process';
import { writeSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { findWords, unusedAllowances, type Finding, type Where } from './glossary/find.ts';
import { COUNTS_FILE, countWords, lowered, readCounts, rises, writeCounts } from './glossary/ratchet.ts';
import { TERMS } from './glossary/terms.ts';

const HELP = `Usage: node scripts/glossary.ts [--list [word]] [--update]

Checks the words of code, messages and pages against the glossary (scripts/glossary/terms.ts). Messages and identifiers
may have none of the words, prose as many as ${COUNTS_FILE} says.

  --list [word]   show where words are left, or one of them
  --update        lower the stored counts to what is found
`;
/** As many places as a terminal shows at once. */
const SHOWN = 25;

const LABELS = { identifier: 'identifiers', message: 'messages', prose: 'comments, pages and names of tests' } as const;

const { values, positionals } = parseArgs({
  options: { list: { type: 'boolean' }, update: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
  allowPositionals: true,
});
if (values.help === true) {
  process.stdout.write(HELP);
  process.exit(0);
}

const root = join(import.meta.dirname, '..');
const findings = findWords(root);
const show = ({ where, term, path, line, text }: Finding): string =>
  `${path}:${line}: "${term}" in ${LABELS[where]}: ${text.slice(0, 120)}`;

if (values.list === true) {
  const [word] = positionals;
  const listed = findings.filter(({ term }) => word === undefined || term === word);
  // not console.log: a pipe takes that later than process.exit
  writeAll([...listed.map(show), '', `${listed.length} found.`, ''].join('\n'));
  process.exit(0);
}

const stored = readCounts(root);
const found = countWords(findings);
if (values.update === true) writeCounts(root, lowered(stored, found));
const worse = rises(findings, stored);
const changed = changedFiles();
for (const { where, term, allowed, found: count } of worse) {
  const use = TERMS.find(({ id }) => id === term)?.use ?? '';
  console.error(`✗ "${term}" is used ${count} times in ${LABELS[where]}, ${allowed} are allowed. Use: ${use}.`);
  const matches = findings.filter((one) => one.where === where && one.term === term);
  // Only git knows which of them are new; files that it lists as changed come first.
  const near = matches.filter(({ path }) => changed.has(path));
  for (const match of (near.length > 0 ? near : matches).slice(0, SHOWN)) console.error(`    ${show(match)}`);
}
const unused = unusedAllowances(root);
for (const one of unused) console.error(`✗ scripts/glossary/allowed.ts allows what is not there: ${one}.`);
if (worse.length > 0) console.error('\nAll places of a word: node scripts/glossary.ts --list "<word>"');
const leftIn = (where: Where): number => findings.filter((one) => one.where === where).length;
console.log(
  `Glossary: ${leftIn('identifier')} words left in identifiers, ${leftIn('prose')} in comments and pages, ${leftIn('message')} in messages.`,
);
if (worse.length === 0 && values.update !== true && JSON.stringify(lowered(stored, found)) !== JSON.stringify(stored)) {
  console.log('Fewer than stored: node scripts/glossary.ts --update keeps it so.');
}
process.exit(worse.length > 0 || unused.length > 0 ? 1 : 0);

/** Writes to standard output, waiting for a reader that is slower. */
function writeAll(text: string): void {
  for (let rest = Buffer.from(text); rest.length > 0;) {
    try {
      rest = rest.subarray(writeSync(1, rest));
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) throw error;
    }
  }
}

/** Returns the files that differ from origin/main, or from the last commit where there is no such branch. */
function changedFiles(): ReadonlySet<string> {
  for (const base of ['origin/main', 'HEAD']) {
    try {
      const names = execFileSync('git', ['diff', '--name-only', base], {
        cwd: root,
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      return new Set(names.split('\n'));
    } catch {
      // no such branch here
    }
  }
  return new Set();
}

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Finding, Where } from './find.ts';
import { TERMS } from './terms.ts';

/** How often each word is left in prose, for now. No identifier and no message may have any. */
export type Counts = Readonly<{ prose: Readonly<Record<string, number>> }>;
export const COUNTS_FILE = 'scripts/glossary/counts.json';

export const readCounts = (root: string): Counts => JSON.parse(readFileSync(join(root, COUNTS_FILE), 'utf8')) as Counts;

export function writeCounts(root: string, counts: Counts): void {
  writeFileSync(join(root, COUNTS_FILE), `${JSON.stringify(counts, null, 2)}\n`);
}

const countOf = (findings: readonly Finding[], where: Where, term: string): number =>
  findings.filter((one) => one.where === where && one.term === term).length;

/** Counts the words of prose, for every word of the glossary that is left. */
export const countWords = (findings: readonly Finding[]): Counts => ({
  prose: Object.fromEntries(
    TERMS.map(({ id }): [string, number] => [id, countOf(findings, 'prose', id)]).filter(([, count]) => count > 0),
  ),
});

export type Rise = Readonly<{ where: Where; term: string; allowed: number; found: number }>;

/** Returns the words that are used more often than they may be. */
export const rises = (findings: readonly Finding[], allowed: Counts): readonly Rise[] =>
  (['identifier', 'message', 'prose'] as const)
    .flatMap((where) =>
      TERMS.map(({ id }): Rise => ({
        where,
        term: id,
        allowed: where === 'prose' ? (allowed.prose[id] ?? 0) : 0,
        found: countOf(findings, where, id),
      })),
    )
    .filter(({ allowed: limit, found }) => found > limit);

/** Returns the stored counts with every one lowered to what is found: a count never rises. */
export const lowered = (stored: Counts, found: Counts): Counts => ({
  prose: Object.fromEntries(
    Object.entries(stored.prose)
      .map(([id, count]): [string, number] => [id, Math.min(count, found.prose[id] ?? 0)])
      .filter(([, count]) => count > 0),
  ),
});

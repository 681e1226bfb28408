import type { TUNINGS } from '../../apps/local/src/tuning/tunings.ts';

const BEGIN = '<!-- tuning: made by `node scripts/docs.ts` from apps/local/src/tuning -->';
const END = '<!-- /tuning -->';

/** Returns docs/tuning.md with regenerated tables of tunings; the rest of the page is unchanged. */
export function withTunings(page: string, tunings: typeof TUNINGS): string {
  const [before, after] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (before === -1 || after < before) throw new Error('docs/tuning.md has lost the marks around its tables.');
  const tables = Object.entries(tunings).map(([process, items]) =>
    [
      `## ${process}`,
      '',
      '| name | what | measured | moved | switch | in |',
      '|---|---|---|---|---|---|',
      ...items.map(
        ({ name, what, file, measured, switch: off = '`ANCHOR_TUNING_OFF`' }) =>
          `| ${name} | ${what} | ${measured?.on ?? '–'} | ${measured?.figure ?? 'not measured alone'} | ${off} | \`${file}\` |`,
      ),
    ].join('\n'),
  );
  return `${page.slice(0, before)}${BEGIN}\n\n${tables.join('\n\n')}\n\n${page.slice(after)}`;
}

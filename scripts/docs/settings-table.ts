import type { FLAGS } from '../../apps/local/src/flags.ts';

const BEGIN = '<!-- settings: made by `node scripts/docs.ts` from apps/local/src/flags.ts -->';
const END = '<!-- /settings -->';

/** Returns docs/configuration.md with a regenerated table of settings; the rest of the page is unchanged. */
export function withSettings(page: string, flags: typeof FLAGS): string {
  const [before, after] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (before === -1 || after < before)
    throw new Error('docs/configuration.md has lost the marks around its table of settings.');
  const rows = Object.entries(flags).map(
    ([flag, { env, help, multiple }]) =>
      `| \`--${flag}\` | \`${env}\` | ${help.replaceAll('|', '\\|')}${multiple === true ? '; in the environment separated by commas' : ''} |`,
  );
  return `${page.slice(0, before)}${BEGIN}\n\n| flag | environment | |\n|---|---|---|\n${rows.join('\n')}\n\n${page.slice(after)}`;
}

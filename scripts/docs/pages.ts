import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { commands } from '@anchor/cli/commands.ts';
import { FLAGS } from '../../apps/local/src/settings.ts';
import { cliPage } from './cli-page.ts';
import { withSettings } from './settings-table.ts';

/** Every page that is made from the code: path from the root → its text. */
export const madePages = (root: string): Readonly<Record<string, string>> => ({
  'docs/cli.md': cliPage(commands),
  'docs/configuration.md': withSettings(readFileSync(join(root, 'docs/configuration.md'), 'utf8'), FLAGS),
});

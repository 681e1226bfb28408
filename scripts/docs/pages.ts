import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { commands } from '@anchor/cli/commands.ts';
import { operationsOf, type OperationTree } from '@anchor/client/endpoints/operation.ts';
import { api } from '@anchor/client/endpoints/table.ts';
import { FLAGS } from '../../apps/local/src/flags.ts';
import { cliPage } from './cli-page.ts';
import { TUNINGS } from '../../apps/local/src/tuning/tunings.ts';
import { withSettings } from './settings-table.ts';
import { withTunings } from './tuning-table.ts';

/** Generates every page that is made from the code: path from the root → its text. */
export const madePages = (root: string): Readonly<Record<string, string>> => ({
  'docs/cli.md': cliPage(commands),
  'docs/configuration.md': withSettings(readFileSync(join(root, 'docs/configuration.md'), 'utf8'), FLAGS),
  'packages/client/src/browser/operations.ts': operationsModule(operationsOf(api)),
  'docs/tuning.md': withTunings(readFileSync(join(root, 'docs/tuning.md'), 'utf8'), TUNINGS),
});

/** Returns the module of the operations, which lets pages call the API without its schemas. */
const operationsModule = (operations: OperationTree): string =>
  `// Made by \`node scripts/docs.ts\` from the table of endpoints.
import type { OperationTree } from '../endpoints/operation.ts';

// oxfmt-ignore
export const operations: OperationTree = ${JSON.stringify(operations, null, 1)};
`;

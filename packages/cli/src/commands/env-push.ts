import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { parseEnvFile } from '../env-file/parse.ts';
import { command, done } from '../framework/command.ts';
import { refuse } from '../framework/problem.ts';
import { ENVIRONMENT_OPTION, isSecretName, parseScope, SCOPE_OPTION, variablesOf } from '../framework/variables.ts';
import { count } from '../output/units.ts';

export const envPush = command({
  name: 'env push',
  summary: 'Set the variables of a .env file; the next deployment has them',
  details: "Values are taken as they are, whatever characters they hold; nothing in them is expanded (docs/environment.md).\nThey are secrets unless --plain is given or their names start with NEXT_PUBLIC_ or VITE_.",
  arguments: [{ name: 'file', help: 'the file (default .env.local)', optional: true }],
  options: { environment: ENVIRONMENT_OPTION, scope: SCOPE_OPTION, plain: { kind: 'flag', help: 'no secrets: shown by env list and env pull' }, prune: { kind: 'flag', help: 'remove the variables that are not in the file' } },
  project: true,
  examples: ['anchor env push .env.production', 'anchor env push .env.preview -e preview --prune'],
  async run(context, { file, environment, scope, plain, prune }) {
    const scoped = parseScope(scope);
    if (!scoped.ok) return scoped;
    const path = resolve(context.directory, file ?? '.env.local');
    const text = await readFile(path, 'utf8').catch(() => undefined);
    if (text === undefined) return refuse('usage', `${path} can not be read.`, 'Name the file: anchor env push <file>');
    const parsed = parseEnvFile(text);
    if (!parsed.ok) return refuse('usage', `${path}, line ${parsed.line}: ${parsed.reason}.`, 'Write NAME=value, one a line; put values with line ends in quotes.');
    const place = await variablesOf(context, environment);
    if (!place.ok) return place;
    const variables = [...parsed.variables].map(([name, value]) => ({ name, value, secret: !plain && isSecretName(name), ...(scoped.value === undefined ? {} : { scope: scoped.value }) }));
    const answer = await place.value.client.variables.put({ ...place.value.where, variables, ...(prune ? { prune } : {}) }, { signal: context.signal });
    if (!answer.ok) return answer;
    const secrets = variables.filter((variable) => variable.secret).length;
    return done({ environment: place.value.where.environment, set: variables.map(({ name, secret }) => ({ name, secret })) }, `Set ${count(variables.length, 'variable')} in ${place.value.where.environment}, ${count(secrets, 'secret')} among them`);
  },
});

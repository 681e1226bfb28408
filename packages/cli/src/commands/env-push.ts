import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { parseEnvFile } from '../env-file/parse.ts';
import { command, success } from '../framework/command.ts';
import { commandError } from '../framework/problem.ts';
import {
  BRANCH_OPTION,
  ENVIRONMENT_OPTION,
  isSecretName,
  NEW_STAGE_OPTION,
  nextDeployment,
  parseScope,
  SCOPE_OPTION,
  unknownStage,
  variablesOf,
} from '../framework/variables.ts';
import { count } from '../output/units.ts';

export const envPush = command({
  name: 'env push',
  summary: 'Set the variables of a .env file (applies to the next deployment)',
  details:
    'Values are stored unchanged, with all characters; nothing is expanded (docs/environment.md). They are secrets unless\n--plain is given or their names start with NEXT_PUBLIC_ or VITE_.',
  arguments: [{ name: 'file', help: 'the file (default .env.local)', optional: true }],
  options: {
    environment: ENVIRONMENT_OPTION,
    branch: BRANCH_OPTION,
    newStage: NEW_STAGE_OPTION,
    scope: SCOPE_OPTION,
    plain: { kind: 'flag', help: 'no secrets: shown by env list and env pull' },
    prune: { kind: 'flag', help: 'remove the variables that are not in the file' },
  },
  project: true,
  examples: ['anchor env push .env.production', 'anchor env push .env.preview -e preview --prune'],
  async run(context, { file, environment, branch, newStage, scope, plain, prune }) {
    const scoped = parseScope(scope);
    if (!scoped.ok) return scoped;
    const path = resolve(context.directory, file ?? '.env.local');
    const text = await readFile(path, 'utf8').catch(() => undefined);
    if (text === undefined)
      return commandError('usage', `Cannot read ${path}.`, 'Name the file: anchor env push <file>');
    const parsed = parseEnvFile(text);
    if (!parsed.ok)
      return commandError(
        'usage',
        `${path}, line ${parsed.line}: ${parsed.reason}.`,
        'Write NAME=value, one per line; put values with line ends in quotes.',
      );
    const target = await variablesOf(context, environment, branch);
    if (!target.ok) return target;
    const known = newStage ? undefined : await unknownStage(context, target.value);
    if (known !== undefined) return known;
    const variables = [...parsed.variables].map(([name, value]) => ({
      name,
      value,
      secret: !plain && isSecretName(name),
      ...(scoped.value === undefined ? {} : { scope: scoped.value }),
    }));
    const response = await target.value.client.variables.put(
      { ...target.value.where, ...target.value.branch, variables, ...(prune ? { prune } : {}) },
      { signal: context.signal },
    );
    if (!response.ok) return response;
    const secrets = variables.filter((variable) => variable.secret).length;
    return success(
      { environment: target.value.where.environment, set: variables.map(({ name, secret }) => ({ name, secret })) },
      `Set ${count(variables.length, 'variable')} in ${target.value.called}, ${count(secrets, 'secret')} among them`,
      nextDeployment(target.value, variables.length),
    );
  },
});

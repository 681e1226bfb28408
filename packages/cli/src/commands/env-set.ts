import { command, success } from '../framework/command.ts';
import { commandError } from '../framework/problem.ts';
import { readSecret } from '../framework/read-secret.ts';
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

export const envSet = command({
  name: 'env set',
  summary: 'Set a variable (applies to the next deployment)',
  details:
    "Without =value the value is read from a pipe or a prompt, so that it shows neither in the process list nor in the\nshell's history; one line end at its end is removed. It is a secret, which cannot be read back, unless --plain is\ngiven or its name starts with NEXT_PUBLIC_ or VITE_.",
  arguments: [{ name: 'assignments', help: 'NAME=value …, or one NAME', variadic: true }],
  options: {
    environment: ENVIRONMENT_OPTION,
    branch: BRANCH_OPTION,
    newStage: NEW_STAGE_OPTION,
    scope: SCOPE_OPTION,
    plain: { kind: 'flag', help: 'not a secret: shown by env list and env pull' },
  },
  project: true,
  examples: [
    'anchor env set API_URL=https://staging.example.com --branch feature/checkout',
    'anchor env set LOG_LEVEL=debug --plain',
    'anchor env set DATABASE_URL < url.txt',
    'anchor env set NEXT_PUBLIC_API=https://api.example.com -e preview',
  ],
  async run(context, { assignments, environment, branch, newStage, scope, plain }) {
    const scoped = parseScope(scope);
    if (!scoped.ok) return scoped;
    const target = await variablesOf(context, environment, branch);
    if (!target.ok) return target;
    const known = newStage ? undefined : await unknownStage(context, target.value);
    if (known !== undefined) return known;
    const pairs: { name: string; value: string }[] = [];
    for (const assignment of assignments) {
      const at = assignment.indexOf('=');
      if (at === -1 && assignments.length > 1)
        return commandError(
          'usage',
          `${assignment} has no value.`,
          'Write NAME=value, or name one variable alone and give its value on standard input.',
        );
      if (at === -1)
        pairs.push({
          name: assignment,
          value: (await readSecret(context, `Value of ${assignment}: `)).replace(/\r?\n$/, ''),
        });
      else pairs.push({ name: assignment.slice(0, at), value: assignment.slice(at + 1) });
    }
    const variables = pairs.map(({ name, value }) => ({
      name,
      value,
      secret: !plain && isSecretName(name),
      ...(scoped.value === undefined ? {} : { scope: scoped.value }),
    }));
    const response = await target.value.client.variables.put(
      { ...target.value.where, ...target.value.branch, variables },
      { signal: context.signal },
    );
    if (!response.ok) return response;
    return success(
      { set: variables.map(({ name, secret }) => ({ name, secret })) },
      ...variables.map(({ name, secret }) => `Set ${name} in ${target.value.called}${secret ? ' (secret)' : ''}`),
      nextDeployment(target.value, variables.length),
    );
  },
});

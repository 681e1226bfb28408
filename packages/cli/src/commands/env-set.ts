import { command, done } from '../framework/command.ts';
import { refuse } from '../framework/problem.ts';
import { readSecret } from '../framework/read-secret.ts';
import { ENVIRONMENT_OPTION, isSecretName, parseScope, SCOPE_OPTION, variablesOf } from '../framework/variables.ts';

export const envSet = command({
  name: 'env set',
  summary: 'Set a variable; the next deployment has it',
  details: 'Without =value it is read from a pipe or asked for, so that it shows neither in the process list nor in the\nshell\'s history; one line end at its end is not part of it. It is a secret, which nobody can read back, unless\n--plain is given or its name starts with NEXT_PUBLIC_ or VITE_.',
  arguments: [{ name: 'assignments', help: 'NAME=value …, or one NAME', variadic: true }],
  options: { environment: ENVIRONMENT_OPTION, scope: SCOPE_OPTION, plain: { kind: 'flag', help: 'not a secret: shown by env list and env pull' } },
  project: true,
  examples: ["anchor env set LOG_LEVEL=debug --plain", 'anchor env set DATABASE_URL < url.txt', "anchor env set NEXT_PUBLIC_API=https://api.example.com -e preview"],
  async run(context, { assignments, environment, scope, plain }) {
    const scoped = parseScope(scope);
    if (!scoped.ok) return scoped;
    const pairs: { name: string; value: string }[] = [];
    for (const assignment of assignments) {
      const at = assignment.indexOf('=');
      if (at === -1 && assignments.length > 1) return refuse('usage', `${assignment} has no value.`, 'Write NAME=value, or name one variable alone and give its value on standard input.');
      if (at === -1) pairs.push({ name: assignment, value: (await readSecret(context, `Value of ${assignment}: `)).replace(/\r?\n$/, '') });
      else pairs.push({ name: assignment.slice(0, at), value: assignment.slice(at + 1) });
    }
    const place = await variablesOf(context, environment);
    if (!place.ok) return place;
    const variables = pairs.map(({ name, value }) => ({ name, value, secret: !plain && isSecretName(name), ...(scoped.value === undefined ? {} : { scope: scoped.value }) }));
    const answer = await place.value.client.variables.put({ ...place.value.where, variables }, { signal: context.signal });
    if (!answer.ok) return answer;
    return done({ set: variables.map(({ name, secret }) => ({ name, secret })) }, ...variables.map(({ name, secret }) => `Set ${name} in ${place.value.where.environment}${secret ? ' (secret)' : ''}`), 'The next deployment has it: git push anchor main, or anchor deploy --again <deployment>');
  },
});

import { tokenScope } from '@anchor/client/schemas/token.ts';
import { command, success } from '../framework/command.ts';
import { commandError } from '../framework/problem.ts';

export const tokensCreate = command({
  name: 'tokens create',
  summary: 'Create an access token; it is shown once',
  arguments: [{ name: 'name', help: 'what it is for' }],
  options: {
    scope: { kind: 'text', value: 'scope', help: 'admin, deploy (push, deploy and read) or read; default deploy' },
    for: { kind: 'text', value: 'project', help: 'valid for this project only' },
    team: { kind: 'text', value: 'team', help: 'valid for the projects of this team only' },
    days: { kind: 'count', value: 'n', help: 'number of days until it expires (default: never)' },
  },
  examples: [
    'anchor tokens create ci --for shop --days 90',
    'anchor tokens create laptop --scope admin --json | jq -r .value',
  ],
  async run(context, { name, scope, for: project, team, days }) {
    const wanted = tokenScope.safeParse(scope ?? 'deploy');
    if (!wanted.success)
      return commandError('usage', `"${scope ?? ''}" is not a scope.`, `Use one of ${tokenScope.options.join(', ')}.`);
    const client = await context.client();
    if (!client.ok) return client;
    const created = await client.value.tokens.create(
      { name, scope: wanted.data, project, team, expiresInDays: days },
      { signal: context.signal },
    );
    if (!created.ok) return created;
    context.out.note(`${created.value.token.id}: shown only now.`);
    return success(created.value, created.value.value);
  },
});

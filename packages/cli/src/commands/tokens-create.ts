import { tokenScope } from '@anchor/client/schemas/token.ts';
import { command, done } from '../framework/command.ts';
import { refuse } from '../framework/problem.ts';

export const tokensCreate = command({
  name: 'tokens create',
  summary: 'Make an access token; it is shown once',
  arguments: [{ name: 'name', help: 'what it is for' }],
  options: {
    scope: { kind: 'text', value: 'scope', help: 'admin, deploy (push, deploy and read) or read; default deploy' },
    for: { kind: 'text', value: 'project', help: 'valid for this project only' },
    days: { kind: 'count', value: 'n', help: 'ends after this many days (default: never)' },
  },
  examples: ['anchor tokens create ci --for shop --days 90', 'anchor tokens create laptop --scope admin --json | jq -r .value'],
  async run(context, { name, scope, for: project, days }) {
    const wanted = tokenScope.safeParse(scope ?? 'deploy');
    if (!wanted.success) return refuse('usage', `"${scope ?? ''}" is not a scope.`, `Use one of ${tokenScope.options.join(', ')}.`);
    const client = await context.client();
    if (!client.ok) return client;
    const created = await client.value.tokens.create({ name, scope: wanted.data, project, expiresInDays: days }, { signal: context.signal });
    if (!created.ok) return created;
    context.out.note(`${created.value.token.id}: shown only now.`);
    return done(created.value, created.value.value);
  },
});

import { command, success } from '../framework/command.ts';
import { keyValueTable } from '../output/table.ts';

export const whoami = command({
  name: 'whoami',
  summary: 'Show the platform and the token in use',
  examples: ['anchor whoami', 'anchor whoami --json'],
  async run(context) {
    const session = await context.session();
    if (!session.ok) return session;
    const client = await context.client();
    if (!client.ok) return client;
    const token = await client.value.tokens.current({}, { signal: context.signal });
    if (!token.ok) return token;
    const expires = token.value.expiresAt === undefined ? 'never' : new Date(token.value.expiresAt).toISOString();
    return success(
      { url: session.value.url, token: token.value },
      ...keyValueTable([
        ['platform', session.value.url],
        ['token', context.out.safe(token.value.name)],
        ['scope', token.value.scope],
        ['project', token.value.projectId],
        ['expires', expires],
        ['from', session.value.from === 'environment' ? 'ANCHOR_TOKEN' : context.environment.credentialsFile],
      ]),
    );
  },
});

import { command, success } from '../framework/command.ts';
import { rolesText } from '../framework/roles.ts';
import { keyValueTable } from '../output/table.ts';

export const whoami = command({
  name: 'whoami',
  summary: 'Show the platform, and the token or the person in use',
  examples: ['anchor whoami', 'anchor whoami --json'],
  async run(context) {
    const session = await context.session();
    if (!session.ok) return session;
    const client = await context.client();
    if (!client.ok) return client;
    const caller = await client.value.people.current({}, { signal: context.signal });
    if (!caller.ok) return caller;
    const { safe } = context.out;
    const from = session.value.from === 'environment' ? 'ANCHOR_TOKEN' : context.environment.credentialsFile;
    const expiresAt = caller.value.kind === 'token' ? caller.value.token.expiresAt : caller.value.session.expiresAt;
    const facts: readonly (readonly [string, string | undefined])[] =
      caller.value.kind === 'token'
        ? [
            ['token', safe(caller.value.token.name)],
            ['scope', caller.value.token.scope],
            ['project', caller.value.token.projectId],
            ['team', caller.value.token.teamId],
          ]
        : [
            ['person', safe(`${caller.value.person.name} <${caller.value.person.email}>`)],
            ...caller.value.teams.map((team): readonly [string, string] => [
              'team',
              `${safe(team.name)} (${rolesText(team, new Map())})`,
            ]),
          ];
    return success(
      { url: session.value.url, ...caller.value },
      ...keyValueTable([
        ['platform', session.value.url],
        ...facts,
        ['expires', expiresAt === undefined ? 'never' : new Date(expiresAt).toISOString()],
        ['from', from],
      ]),
    );
  },
});

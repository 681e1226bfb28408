import { command } from '../framework/command.ts';
import { invitationOutcome } from '../framework/join-lines.ts';
import { DEFAULT_TEAM_NAME, grantFrom, TEAM_OPTION } from '../framework/roles.ts';

export const peopleInvite = command({
  name: 'people invite',
  summary: 'Invite an e-mail address to a team; the secret is shown once',
  details: 'Roles, from the largest: owner, admin, developer, viewer. docs/people.md says what each may do.',
  arguments: [{ name: 'email', help: 'the address; the invitation is valid for it alone' }],
  options: {
    role: { kind: 'text', value: 'role', help: 'owner, admin, developer or viewer (default developer)' },
    for: { kind: 'many', value: 'project', help: 'only for this project; may be repeated' },
    team: TEAM_OPTION,
  },
  examples: ['anchor people invite bob@example.com --role viewer', 'anchor people invite eve@example.com --for shop'],
  async run(context, { email, role, for: projects, team }) {
    const client = await context.client();
    if (!client.ok) return client;
    const grant = await grantFrom(client.value, { role, projects }, context.signal);
    if (!grant.ok) return grant;
    const created = await client.value.invitations.create(
      { team: team ?? DEFAULT_TEAM_NAME, email, ...grant.value },
      { signal: context.signal },
    );
    return created.ok ? invitationOutcome(context, created.value) : created;
  },
});

import { command } from '../framework/command.ts';
import { findPerson } from '../framework/find-person.ts';
import { invitationOutcome } from '../framework/join-lines.ts';

export const peopleReset = command({
  name: 'people reset',
  summary: 'Let a person set a new password; the secret is shown once',
  details:
    'For owners of the platform, and on its machine for the token in ~/.anchor/admin-token: so an owner that forgot the\npassword recovers the account. Sessions end when the new password is set.',
  arguments: [{ name: 'email', help: "the person's address or id" }],
  examples: ['anchor people reset ada@example.com'],
  async run(context, { email }) {
    const client = await context.client();
    if (!client.ok) return client;
    const person = await findPerson(client.value, email, context.signal);
    if (!person.ok) return person;
    const created = await client.value.people.reset({ person: person.value.id }, { signal: context.signal });
    return created.ok ? invitationOutcome(context, created.value) : created;
  },
});

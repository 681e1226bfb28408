import { command, success } from '../framework/command.ts';
import { findPerson } from '../framework/find-person.ts';

export const peopleSuspend = command({
  name: 'people suspend',
  summary: 'Suspend an account, whose sessions end at once, or end that',
  arguments: [{ name: 'email', help: "the person's address or id" }],
  options: { end: { kind: 'flag', help: 'let the person sign in again' } },
  examples: ['anchor people suspend bob@example.com', 'anchor people suspend bob@example.com --end'],
  async run(context, { email, end }) {
    const client = await context.client();
    if (!client.ok) return client;
    const person = await findPerson(client.value, email, context.signal);
    if (!person.ok) return person;
    const changed = await client.value.people.update(
      { person: person.value.id, suspended: !end },
      { signal: context.signal },
    );
    if (!changed.ok) return changed;
    const address = context.out.safe(changed.value.email);
    return success(changed.value, end ? `${address} may sign in again` : `Suspended ${address}`);
  },
});

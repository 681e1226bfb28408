import type { Api } from '@anchor/client/endpoints/table.ts';
import { parseId } from '@anchor/core/names/id.ts';
import { personOf } from '@anchor/core/people/caller.ts';
import { inviteToReset } from '@anchor/core/people/invite.ts';
import type { Person } from '@anchor/core/people/person.ts';
import { suspendPerson } from '@anchor/core/people/suspend.ts';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';
import { endSessions } from '@anchor/core/sessions/sessions.ts';
import { proveByPassword } from '@anchor/core/sessions/sign-in.ts';
import type { ServerContext } from '../../context.ts';
import type { HandlersOf } from '../handler.ts';
import { pageRequest } from '../page-request.ts';
import { callerView, invitationView, personView } from '../views/people.ts';
import { pageView } from '../views/views.ts';
import { asPerson } from './sessions.ts';

export function peopleHandlers({ ports, accounts }: ServerContext): HandlersOf<Api['people']> {
  const find = async (text: string): Promise<Result<Person>> => {
    const id = parseId('per', text);
    const person = id === undefined ? undefined : await ports.people.get(id);
    return person === undefined
      ? fail('not_found', 'There is no such person', 'List them with: anchor people list')
      : ok(person);
  };
  return {
    current: async ({ caller }) => ok(callerView(caller)),
    changePassword: async ({ caller, body }) => {
      const found = asPerson(caller);
      if (!found.ok) return found;
      const { person, session } = found.value;
      const proven = await proveByPassword(ports, accounts)({ email: person.email, password: body.current });
      if (!proven.ok)
        return proven.error.code === 'unauthenticated'
          ? fail('forbidden', 'The current password is wrong', 'Enter the password that you sign in with.')
          : proven;
      const strong = await ports.identity.checkPassword(body.password, [person.email, person.name]);
      if (!strong.ok) return strong;
      const set = await ports.identity.setPassword(person.id, body.password);
      if (set.ok) await endSessions(ports)(person.id, session.id);
      return set;
    },
    list: async ({ query }) => ok(pageView(await ports.people.list(pageRequest(query)), personView)),
    update: async ({ params, body, change }) => {
      const before = await find(params.person);
      if (!before.ok) return before;
      change.before({ suspended: before.value.suspendedAt !== undefined });
      change.after({ suspended: body.suspended });
      const after = await suspendPerson(ports)(before.value.id, body.suspended);
      return after.ok ? ok(personView(after.value)) : after;
    },
    reset: async ({ params, caller }) => {
      const person = await find(params.person);
      if (!person.ok) return person;
      const invited = await inviteToReset(ports)(person.value, personOf(caller));
      if (!invited.ok) return invited;
      // An owner vouches for the person: the wait after wrong passwords is over.
      accounts.succeeded(person.value.email);
      return ok({ invitation: invitationView(invited.value.invitation), secret: invited.value.secret });
    },
    endSessions: async ({ params }) => {
      const person = await find(params.person);
      if (!person.ok) return person;
      await endSessions(ports)(person.value.id);
      return ok(undefined);
    },
  };
}

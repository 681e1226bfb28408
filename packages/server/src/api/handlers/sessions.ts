import type { Api } from '@anchor/client/endpoints/table.ts';
import { parseId } from '@anchor/core/names/id.ts';
import type { Caller } from '@anchor/core/people/caller.ts';
import type { Person } from '@anchor/core/people/person.ts';
import { acceptInvitation } from '@anchor/core/people/accept-invitation.ts';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';
import { createSession, endSessions } from '@anchor/core/sessions/sessions.ts';
import { proveByPassword } from '@anchor/core/sessions/sign-in.ts';
import type { ServerContext } from '../../context.ts';
import type { HttpError } from '../../http/problem.ts';
import type { HandlersOf, Handler } from '../handler.ts';
import type * as contract from '../views/contract.ts';
import { personView, sessionView } from '../views/people.ts';
import { actorOfPerson } from '../audited.ts';

type SignIn = Parameters<Handler<Api['sessions']['create']>>[0];

/** Only a person has sessions and a password. */
export function asPerson(caller: Caller): Result<Extract<Caller, { kind: 'person' }>> {
  return caller.kind === 'person'
    ? ok(caller)
    : fail('forbidden', 'A token has no sessions and no password', 'Sign in as a person: anchor login');
}

/** Makes the session of a person that has proven itself with this request, and sets its cookie. */
async function signIn(
  { ports, cookie }: ServerContext,
  { incoming, from, setCookie }: Pick<SignIn, 'incoming' | 'from' | 'setCookie'>,
  kind: 'browser' | 'token',
  person: Person,
): Promise<contract.SignedIn> {
  const { session, secret } = await createSession(ports)(person, kind, from);
  if (kind === 'browser') setCookie(cookie.set(incoming, secret));
  return {
    person: personView(person),
    session: sessionView(session, session.id),
    ...(kind === 'token' ? { token: secret } : {}),
  };
}

export function sessionHandlers(server: ServerContext): HandlersOf<Api['sessions']> {
  const { ports, accounts } = server;
  return {
    create: async ({ body: { email, password, kind = 'browser' }, change, ...request }) => {
      // Of an address without an account nothing is noted: it may be a password in the wrong field.
      const proven = await proveByPassword(ports, accounts)({ email, password }, (person) =>
        change.about({ person: person.id }),
      );
      if (!proven.ok) return proven;
      change.by(actorOfPerson(proven.value));
      return ok(await signIn(server, request, kind, proven.value));
    },
    list: async ({ caller }) => {
      const person = asPerson(caller);
      if (!person.ok) return person;
      const { session } = person.value;
      const all = await ports.sessions.ofPerson(session.personId);
      const now = ports.clock.now();
      return ok({ items: all.filter(({ expiresAt }) => expiresAt > now).map((each) => sessionView(each, session.id)) });
    },
    removeOthers: async ({ caller }) => {
      const person = asPerson(caller);
      if (!person.ok) return person;
      await endSessions(ports)(person.value.person.id, person.value.session.id);
      return ok(undefined);
    },
    removeCurrent: async ({ caller, incoming, setCookie }) => {
      const person = asPerson(caller);
      if (!person.ok) return person;
      await ports.sessions.remove(person.value.session.id);
      if (person.value.session.kind === 'browser') setCookie(server.cookie.clear(incoming));
      return ok(undefined);
    },
    remove: async ({ caller, params }) => {
      const person = asPerson(caller);
      if (!person.ok) return person;
      const id = parseId('ses', params.session);
      const session = id === undefined ? undefined : await ports.sessions.get(id);
      if (session?.personId !== person.value.person.id)
        return fail('not_found', 'You have no such session', 'List yours with: anchor sessions list');
      await ports.sessions.remove(session.id);
      return ok(undefined);
    },
  };
}

/** Accepts an invitation, and signs its person in. */
export const acceptHandler =
  (server: ServerContext): Handler<Api['invitations']['accept']> =>
  async ({
    body: { kind = 'browser', name, ...body },
    change,
    ...request
  }): Promise<Result<contract.SignedIn, HttpError>> => {
    const accepted = await acceptInvitation(
      server.ports,
      server.accounts,
    )({ ...body, ...(name === undefined ? {} : { name }) });
    if (!accepted.ok) return accepted;
    const { person, invitation } = accepted.value;
    change.by(actorOfPerson(person));
    change.about({ invitation: invitation.id, team: invitation.teamId });
    change.after({
      role: invitation.grant.role,
      projects: invitation.grant.projects,
      reset: invitation.personId !== undefined,
    });
    return ok(await signIn(server, request, kind, person));
  };

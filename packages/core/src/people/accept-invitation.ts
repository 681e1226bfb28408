import { newId } from '../names/id.ts';
import type { Ports } from '../ports/ports.ts';
import { fail, ok, type Result } from '../result/result.ts';
import type { AttemptLimit } from '../sessions/attempt-limit.ts';
import { proveByPassword, type SignInError } from '../sessions/sign-in.ts';
import { endSessions } from '../sessions/sessions.ts';
import { sha256Hex } from '../tokens/tokens.ts';
import type { Invitation } from './invitation.ts';
import { addMember } from './members.ts';
import { parseEmail, type Email, type Person } from './person.ts';

type AcceptPorts = Pick<Ports, 'invitations' | 'people' | 'teams' | 'identity' | 'sessions' | 'clock'>;
export type Acceptance = Readonly<{ secret: string; email: string; name?: string; password: string }>;

export type Accepted = Readonly<{ person: Person; invitation: Invitation }>;

const invalid = () =>
  fail(
    'not_found',
    'This invitation is unknown, used or expired, or it is for another address',
    'Request another one, which an admin makes with: anchor people invite',
  );

/**
 * Accepts an invitation: makes the person, or takes the one that exists and proves its password, and adds it to the
 * team. Used once: the secret is spent before anything is given, and is valid again when that fails.
 */
export const acceptInvitation =
  (ports: AcceptPorts, accounts: AttemptLimit) =>
  async (input: Acceptance): Promise<Result<Accepted, SignInError>> => {
    const email = parseEmail(input.email);
    if (!email.ok) return email;
    const found = await open(ports, input.secret, email.value);
    if (!found.ok) return found;
    const person = await ports.people.byEmail(email.value);
    if (person !== undefined && found.value.personId === undefined) {
      // Counted like a sign-in: an invitation must not be a way to guess passwords.
      const proven = await proveByPassword(ports, accounts)(input);
      if (!proven.ok) return proven;
    } else {
      const strong = await ports.identity.checkPassword(input.password, [
        email.value,
        input.name ?? person?.name ?? '',
      ]);
      if (!strong.ok) return strong;
    }
    const spent: Invitation = { ...found.value, usedAt: ports.clock.now(), version: found.value.version + 1 };
    if (!(await ports.invitations.replace(spent))) return invalid();
    const given = await give(ports, spent, email.value, person, input);
    if (!given.ok) {
      const { usedAt: _, ...unused } = spent;
      await ports.invitations.replace({ ...unused, version: spent.version + 1 });
    }
    return given.ok ? ok({ person: given.value, invitation: spent }) : given;
  };

async function open(ports: AcceptPorts, secret: string, email: Email): Promise<Result<Invitation>> {
  if (!/^ani_[0-9A-Za-z]{43}$/.test(secret)) return invalid();
  const invitation = await ports.invitations.byHash(await sha256Hex(secret));
  return invitation === undefined ||
    invitation.usedAt !== undefined ||
    invitation.expiresAt <= ports.clock.now() ||
    (invitation.email !== undefined && invitation.email !== email)
    ? invalid()
    : ok(invitation);
}

async function give(
  ports: AcceptPorts,
  invitation: Invitation,
  email: Email,
  known: Person | undefined,
  input: Acceptance,
): Promise<Result<Person>> {
  if (invitation.personId !== undefined) {
    if (known?.id !== invitation.personId || known.suspendedAt !== undefined) return invalid();
    const set = await ports.identity.setPassword(known.id, input.password);
    if (!set.ok) return set;
    // A thief of the old password may have a session, too.
    await endSessions(ports)(known.id);
    return ok(known);
  }
  const person = known === undefined ? await signUp(ports, email, input) : ok(known);
  if (!person.ok) return person;
  const added = await addMember(ports)(invitation.teamId, person.value.id, invitation.grant);
  return added.ok ? person : added;
}

async function signUp(ports: AcceptPorts, email: Email, { name, password }: Acceptance): Promise<Result<Person>> {
  const now = ports.clock.now();
  const person: Person = {
    id: newId('per', now),
    email,
    name: (name ?? '').trim().slice(0, 80) || (email.split('@')[0] ?? email),
    teams: [],
    createdAt: now,
    version: 1,
  };
  // The password first: a person without one could not sign in.
  const set = await ports.identity.setPassword(person.id, password);
  if (!set.ok) return set;
  if (await ports.people.insert(person)) return ok(person);
  await ports.identity.remove(person.id);
  return fail('conflict', `${email} was signed up concurrently`, 'Accept the invitation again.');
}

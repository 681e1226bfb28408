import { newId, type PersonId, type SessionId } from '../names/id.ts';
import type { Caller, Membership } from '../people/caller.ts';
import type { Person } from '../people/person.ts';
import { memberOf } from '../people/team.ts';
import type { Ports } from '../ports/ports.ts';
import { fail, ok, type Result } from '../result/result.ts';
import { randomText, sha256Hex } from '../tokens/tokens.ts';
import { MAX_SESSIONS, SESSION_DAYS, type Session } from './session.ts';

type SessionPorts = Pick<Ports, 'sessions' | 'people' | 'teams' | 'clock'>;
export type Origin = Readonly<{ address: string; userAgent: string }>;

const DAY_MS = 86_400_000;
const SEEN_EVERY_MS = 60_000;
const USER_AGENT_CHARS = 200;
/** 43 characters of 62: 256 bits. */
const SECRET_CHARS = 43;

/** Makes a session of a person that was proven. The secret is returned once and not stored. */
export const createSession =
  ({ sessions, clock }: Pick<Ports, 'sessions' | 'clock'>) =>
  async (
    person: Person,
    kind: Session['kind'],
    from: Origin,
  ): Promise<Readonly<{ session: Session; secret: string }>> => {
    const now = clock.now();
    const secret = `ans_${randomText(SECRET_CHARS)}`;
    const session: Session = {
      id: newId('ses', now),
      personId: person.id,
      kind,
      hash: await sha256Hex(secret),
      createdAt: now,
      lastUsedAt: now,
      renewedAt: now,
      expiresAt: now + SESSION_DAYS * DAY_MS,
      address: from.address,
      userAgent: from.userAgent.slice(0, USER_AGENT_CHARS),
      version: 1,
    };
    const present = [...(await sessions.ofPerson(person.id))].sort((a, b) => b.lastUsedAt - a.lastUsedAt);
    for (const { id } of present.slice(MAX_SESSIONS - 1)) await sessions.remove(id);
    if (!(await sessions.insert(session))) throw new Error('a new session has the id of another one');
    return { session, secret };
  };

/** Sessions whose use is being stored, as with tokens. */
const storing = new Set<SessionId>();

/**
 * Finds the person of a session's secret. `renewed`: the session is valid for another 30 days, so a cookie has to be
 * sent again. `hash`: SHA-256 in hex.
 */
export const checkSession =
  (ports: SessionPorts, hash: (secret: string) => string) =>
  async (
    secret: string,
    kind: Session['kind'],
    from: Origin,
  ): Promise<Result<Readonly<{ caller: Caller; renewed: boolean }>>> => {
    const refused = fail('unauthenticated', 'This session is unknown or has ended', 'Log in again with: anchor login');
    if (!/^ans_[0-9A-Za-z]{43}$/.test(secret)) return refused;
    const session = await ports.sessions.byHash(hash(secret));
    const now = ports.clock.now();
    if (session === undefined || session.kind !== kind || session.expiresAt <= now) return refused;
    const person = await ports.people.get(session.personId);
    if (person === undefined || person.suspendedAt !== undefined) return refused;
    const renewed = now - session.renewedAt > DAY_MS;
    if (renewed || now - session.lastUsedAt > SEEN_EVERY_MS) noteUse(ports, session, renewed, now, from);
    const memberships = await membershipsOf(ports, person);
    return ok({ caller: { kind: 'person', person, session, memberships }, renewed });
  };

/** Best effort, and the request does not wait for the disk: a lost race means that another request noted the use. */
function noteUse({ sessions }: SessionPorts, session: Session, renewed: boolean, now: number, from: Origin): void {
  if (storing.has(session.id)) return;
  storing.add(session.id);
  const used: Session = {
    ...session,
    lastUsedAt: now,
    address: from.address,
    userAgent: from.userAgent.slice(0, USER_AGENT_CHARS),
    ...(renewed ? { renewedAt: now, expiresAt: now + SESSION_DAYS * DAY_MS } : {}),
    version: session.version + 1,
  };
  void sessions
    .replace(used)
    .catch(() => undefined)
    .finally(() => storing.delete(session.id));
}

/** Returns the teams of a person, with the person's roles in them. */
export async function membershipsOf(
  { teams }: Pick<Ports, 'teams'>,
  person: Pick<Person, 'id' | 'teams'>,
): Promise<readonly Membership[]> {
  const found = await Promise.all(person.teams.map((id) => teams.get(id)));
  return found.flatMap((team) => {
    const member = team === undefined ? undefined : memberOf(team, person.id);
    return team === undefined || member === undefined ? [] : [{ ...member, teamId: team.id, teamName: team.name }];
  });
}

/** Ends every session of a person, but perhaps one. */
export const endSessions =
  ({ sessions }: Pick<Ports, 'sessions'>) =>
  async (personId: PersonId, except?: SessionId): Promise<number> => {
    const ended = (await sessions.ofPerson(personId)).filter(({ id }) => id !== except);
    for (const { id } of ended) await sessions.remove(id);
    return ended.length;
  };

import type { InvitationId, PersonId, SessionId, TeamId } from '../names/id.ts';
import type { Invitation } from '../people/invitation.ts';
import type { Email, Person } from '../people/person.ts';
import type { Team } from '../people/team.ts';
import type { Session } from '../sessions/session.ts';
import type { Page, PageRequest } from './page.ts';
import type { Store } from './store.ts';

/** Unique: email. `byEmail` is strongly consistent. */
export interface PersonStore extends Store<Person, PersonId> {
  /** Returns the person with this address; undefined when there is none. */
  byEmail(email: Email): Promise<Person | undefined>;
  /** Lists people, newest first. */
  list(page: PageRequest): Promise<Page<Person>>;
}

/** Unique: name. */
export interface TeamStore extends Store<Team, TeamId> {
  /** Returns the team of this name; undefined when there is none. */
  byName(name: string): Promise<Team | undefined>;
  /** Lists teams, newest first. */
  list(page: PageRequest): Promise<Page<Team>>;
}

/** Unique: hash. `byHash` is strongly consistent. */
export interface InvitationStore extends Store<Invitation, InvitationId> {
  /** Returns the invitation with this SHA-256; undefined when there is none. */
  byHash(hash: string): Promise<Invitation | undefined>;
  /** Lists the invitations to a team, newest first. */
  list(teamId: TeamId, page: PageRequest): Promise<Page<Invitation>>;
  /** Removes invitations that expired before `before`. */
  expire(before: number): Promise<void>;
}

/** Unique: hash. `byHash` is strongly consistent: a session that was removed is never found. */
export interface SessionStore extends Store<Session, SessionId> {
  /** Returns the session with this SHA-256; undefined when there is none. */
  byHash(hash: string): Promise<Session | undefined>;
  /** Returns every session of a person, newest first. */
  ofPerson(personId: PersonId): Promise<readonly Session[]>;
  /** Removes sessions that expired before `before`. */
  expire(before: number): Promise<void>;
}

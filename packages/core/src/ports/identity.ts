import type { PersonId } from '../names/id.ts';
import type { Result } from '../result/result.ts';

/** What proves a person. An unknown person (`personId` undefined) takes as long as a wrong password. */
export type Proof = Readonly<{ kind: 'password'; personId: PersonId | undefined; password: string }>;

/**
 * Proves a person's identity. It knows secrets and nothing else: people, roles and sessions are core's. (AWS: Cognito, with
 * the person's id as the user name.)
 */
export interface Identity {
  /**
   * Refuses a password that is easily guessed (`invalid_input`): shorter than 10 characters, longer than 200, one of the
   * commonest, or made of what is known of the person, such as the address.
   */
  checkPassword(password: string, known: readonly string[]): Promise<Result<void>>;
  /** Sets or replaces the password of a person; durable when it resolves. */
  setPassword(personId: PersonId, password: string): Promise<Result<void>>;
  /** `unauthenticated` when the proof is wrong, whatever the reason; `rate_limited` when too many wait for a check. */
  authenticate(proof: Proof): Promise<Result<void>>;
  /** Removes all that proves a person; removing what is not there is no error. */
  remove(personId: PersonId): Promise<void>;
}

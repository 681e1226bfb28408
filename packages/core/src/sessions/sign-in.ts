import { parseEmail, type Person } from '../people/person.ts';
import type { Ports } from '../ports/ports.ts';
import { fail, ok, type AnchorError, type Result } from '../result/result.ts';
import type { AttemptLimit } from './attempt-limit.ts';

export type SignInError = AnchorError & Readonly<{ retryAfterSeconds?: number }>;

const wrong = () =>
  fail(
    'unauthenticated',
    'The e-mail address or the password is wrong',
    'Retry; an owner can let you set a new password: anchor people reset EMAIL',
  );

/**
 * Proves a person by password. Whether the account exists shows neither in the text nor in the time: an unknown one is
 * checked against a hash, too, and locked like the others. `accounts` is counted before the check, so that attempts at
 * the same moment count as well. `tried` gets the person of the address, whatever the outcome.
 */
export const proveByPassword =
  (ports: Pick<Ports, 'people' | 'identity'>, accounts: AttemptLimit) =>
  async (
    input: Readonly<{ email: string; password: string }>,
    tried: (person: Person) => void = () => undefined,
  ): Promise<Result<Person, SignInError>> => {
    const email = parseEmail(input.email);
    if (!email.ok) return wrong();
    const waitSeconds = accounts.attempt(email.value);
    const person = await ports.people.byEmail(email.value);
    if (person !== undefined) tried(person);
    if (waitSeconds > 0) {
      const locked = fail(
        'rate_limited',
        'Too many wrong passwords for this account',
        `Retry in ${Math.ceil(waitSeconds / 60)} min, or let an owner of the platform run: anchor people reset EMAIL`,
      );
      return { ok: false, error: { ...locked.error, retryAfterSeconds: waitSeconds } };
    }
    const proven = await ports.identity.authenticate({
      kind: 'password',
      personId: person?.id,
      password: input.password,
    });
    if (!proven.ok && proven.error.code !== 'unauthenticated') return proven;
    if (!proven.ok || person === undefined || person.suspendedAt !== undefined) return wrong();
    accounts.succeeded(email.value);
    return ok(person);
  };

import type { Identity, Proof } from '@anchor/core/ports/identity.ts';
import type { PersonId } from '@anchor/core/names/id.ts';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';

const COMMON = ['qwertyuiop', '1234567890', 'password123', 'basketball', 'aaaaaaaaaaaa'];

/** Holds passwords in memory, as they are: for tests alone. */
export class MemoryIdentity implements Identity {
  readonly #passwords = new Map<PersonId, string>();

  async checkPassword(password: string, known: readonly string[]): Promise<Result<void>> {
    const text = password.toLowerCase();
    const parts = known.flatMap((each) => [each, ...each.split('@')]).filter((each) => each.length > 3);
    return text.length < 10 ||
      text.length > 200 ||
      COMMON.includes(text) ||
      parts.some((part) => text.includes(part.toLowerCase()))
      ? fail('invalid_input', 'The password is easily guessed', 'Use a longer one.')
      : ok(undefined);
  }

  async setPassword(personId: PersonId, password: string): Promise<Result<void>> {
    this.#passwords.set(personId, password);
    return ok(undefined);
  }

  async authenticate({ personId, password }: Proof): Promise<Result<void>> {
    return personId !== undefined && this.#passwords.get(personId) === password
      ? ok(undefined)
      : fail('unauthenticated', 'The password is wrong', 'Retry.');
  }

  async remove(personId: PersonId): Promise<void> {
    this.#passwords.delete(personId);
  }
}

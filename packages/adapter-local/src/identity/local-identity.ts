import type { PersonId } from '@anchor/core/names/id.ts';
import type { Identity, Proof } from '@anchor/core/ports/identity.ts';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';
import type { Database } from '../sqlite/database.ts';
import { hashPassword, verifyPassword } from './password-hash.ts';
import { checkPasswordStrength } from './password-strength.ts';

/** Hashes at once: each takes 19 MiB and one processor, and strangers can cause them. */
const MAX_RUNNING = 2;
const MAX_QUEUED = 32;
const UPSERT = 'INSERT OR REPLACE INTO passwords (person_id, hash) VALUES (?, ?)';

/** Proves people of one machine by passwords, of which the database has Argon2id hashes. */
export class LocalIdentity implements Identity {
  readonly #db: Database;
  readonly #queue: (() => void)[] = [];
  #running = 0;
  /** What an unknown person is compared with, so that it takes as long. */
  #decoy: Promise<string> | undefined;

  constructor(db: Database) {
    this.#db = db;
  }

  checkPassword(password: string, known: readonly string[]): Promise<Result<void>> {
    return this.#limited(() => checkPasswordStrength(password, known));
  }

  setPassword(personId: PersonId, password: string): Promise<Result<void>> {
    return this.#limited(async () => {
      const hash = await hashPassword(password);
      await this.#db.write(() => void this.#db.run(UPSERT, personId, hash));
      return ok(undefined);
    });
  }

  authenticate({ personId, password }: Proof): Promise<Result<void>> {
    return this.#limited(async () => {
      const row = this.#db.get('SELECT hash FROM passwords WHERE person_id = ?', personId ?? '');
      const hash = row === undefined ? await (this.#decoy ??= hashPassword('')) : String(row['hash']);
      const right = await verifyPassword(password.slice(0, MAX_CHARS), hash);
      return right && row !== undefined
        ? ok(undefined)
        : fail('unauthenticated', 'The password is wrong', 'Retry, or set a new one: anchor people reset EMAIL');
    });
  }

  remove(personId: PersonId): Promise<void> {
    return this.#db.write(() => void this.#db.run('DELETE FROM passwords WHERE person_id = ?', personId));
  }

  async #limited(run: () => Promise<Result<void>>): Promise<Result<void>> {
    if (this.#running >= MAX_RUNNING) {
      if (this.#queue.length >= MAX_QUEUED)
        return fail('rate_limited', 'Too many passwords are being checked', 'Retry in a moment.');
      await new Promise<void>((resolve) => this.#queue.push(resolve));
    } else this.#running += 1;
    try {
      return await run();
    } finally {
      // The slot passes to the one that is queued for longest, without a moment in which a newcomer takes it.
      const next = this.#queue.shift();
      if (next === undefined) this.#running -= 1;
      else next();
    }
  }
}

/** Longer ones are never set. */
const MAX_CHARS = 1_000;

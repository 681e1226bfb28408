import type { PersonId, TeamId } from '../names/id.ts';
import { printable } from '../names/name.ts';
import { fail, ok, type Result } from '../result/result.ts';

declare const brand: unique symbol;
/** An e-mail address in lower case: two spellings are one person. */
export type Email = string & { readonly [brand]: 'Email' };

export type Person = Readonly<{
  id: PersonId;
  email: Email;
  name: string;
  /** Teams of which the person may be a member: the team itself says whether it is so. */
  teams: readonly TeamId[];
  /** Signs in no more, and every session has ended. */
  suspendedAt?: number;
  createdAt: number;
  version: number;
}>;

/** Parses an address by its shape alone (one `@`, a domain, no space): only a mail shows whether it exists. */
export function parseEmail(text: string): Result<Email> {
  const email = text.trim().toLowerCase().normalize('NFC');
  if (
    email.length <= 254 &&
    /^[^\s@<>"'(),:;\\\p{Cc}]{1,64}@[^\s@<>"'(),:;\\\p{Cc}]+\.[^\s@.<>"'(),:;\\\p{Cc}]+$/u.test(email)
  )
    return ok(email as Email);
  return fail(
    'invalid_input',
    `"${printable(text)}" is not an e-mail address`,
    'Use an address such as ada@example.com.',
  );
}

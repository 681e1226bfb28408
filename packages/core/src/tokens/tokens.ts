import { newId, type ProjectId, type TokenId } from '../names/id.ts';
import { printable } from '../names/name.ts';
import type { Ports } from '../ports/ports.ts';
import { fail, ok, type Result } from '../result/result.ts';
import type { Token, TokenScope } from './token.ts';

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
/** 43 characters of 62: 256 bits. */
const SECRET_CHARS = 43;

/** SHA-256 hex of text in UTF-8. */
export async function sha256Hex(text: string): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Unguessable text of `length` characters out of 62. */
export function randomText(length: number): string {
  let text = '';
  while (text.length < length) for (const byte of crypto.getRandomValues(new Uint8Array(length))) if (byte < 248 && text.length < length) text += ALPHABET[byte % 62];
  return text;
}

/** Makes a token. `secret` is shown to the person once and is not stored. `days` absent: it does not expire. */
export const issueToken =
  (ports: Pick<Ports, 'tokens' | 'clock'>) =>
  async (input: Readonly<{ name: string; scope: TokenScope; projectId?: ProjectId; days?: number }>): Promise<Result<Readonly<{ token: Token; secret: string }>>> => {
    const name = input.name.trim();
    if (name === '' || name.length > 80) return fail('invalid_input', `"${printable(name)}" is not a token name`, 'Use 1 to 80 characters that say what the token is for.');
    if (input.days !== undefined && !(input.days > 0 && input.days <= 3_660)) return fail('invalid_input', 'A token lives 1 to 3,660 days', 'Give a number of days, or none for a token without expiry.');
    const now = ports.clock.now();
    const secret = `anc_${randomText(SECRET_CHARS)}`;
    const token: Token = {
      id: newId('tok', now), name, hash: await sha256Hex(secret), scope: input.scope, createdAt: now, version: 1,
      ...(input.projectId === undefined ? {} : { projectId: input.projectId }),
      ...(input.days === undefined ? {} : { expiresAt: now + input.days * 86_400_000 }),
    };
    if (!(await ports.tokens.insert(token))) return fail('internal', 'The token could not be stored', 'Try again.');
    return ok({ token, secret });
  };

const SEEN_EVERY_MS = 60_000;

/** Finds whom a token belongs to; the same answer for unknown and expired ones but for the text. */
export const checkToken =
  (ports: Pick<Ports, 'tokens' | 'clock'>) =>
  async (secret: string): Promise<Result<Token>> => {
    const refused = (why: string) => fail('unauthenticated', why, 'Log in again with: anchor login, or make a new token.');
    if (!/^anc_[0-9A-Za-z]{43}$/.test(secret)) return refused('This is not a token');
    const token = await ports.tokens.byHash(await sha256Hex(secret));
    if (token === undefined) return refused('This token is not known');
    const now = ports.clock.now();
    if (token.expiresAt !== undefined && token.expiresAt <= now) return refused('This token has expired');
    if (now - (token.lastUsedAt ?? 0) > SEEN_EVERY_MS) {
      // Best effort: losing this race only means that somebody else noted the use.
      await ports.tokens.replace({ ...token, lastUsedAt: now, version: token.version + 1 });
    }
    return ok(token);
  };

export const revokeToken =
  (ports: Pick<Ports, 'tokens'>) =>
  async (id: TokenId): Promise<Result<void>> => {
    if ((await ports.tokens.get(id)) === undefined) return fail('not_found', 'There is no such token', 'List tokens with: anchor tokens list');
    await ports.tokens.remove(id);
    return ok(undefined);
  };

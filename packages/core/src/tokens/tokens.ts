import { newId, type ProjectId, type TeamId, type TokenId } from '../names/id.ts';
import { printable } from '../names/name.ts';
import type { Ports } from '../ports/ports.ts';
import { fail, ok, type Result } from '../result/result.ts';
import type { Token, TokenScope } from './token.ts';

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
/** 43 characters of 62: 256 bits. */
const SECRET_CHARS = 43;

/** Returns the SHA-256 of UTF-8 text in hex. */
export async function sha256Hex(text: string): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Returns an unguessable text of `length` characters out of 62. */
export function randomText(length: number): string {
  let text = '';
  while (text.length < length)
    for (const byte of crypto.getRandomValues(new Uint8Array(length)))
      if (byte < 248 && text.length < length) text += ALPHABET[byte % 62];
  return text;
}

/** Makes a token. `secret` is shown to the person once and is not stored. `days` absent: it does not expire. */
export const issueToken =
  (ports: Pick<Ports, 'tokens' | 'clock'>) =>
  async (
    input: Readonly<{ name: string; scope: TokenScope; projectId?: ProjectId; teamId?: TeamId; days?: number }>,
  ): Promise<Result<Readonly<{ token: Token; secret: string }>>> => {
    const name = input.name.trim();
    if (name === '' || name.length > 80)
      return fail(
        'invalid_input',
        `"${printable(name)}" is not a token name`,
        'Use 1 to 80 characters that say what the token is for.',
      );
    if (input.days !== undefined && !(input.days > 0 && input.days <= 3_660))
      return fail(
        'invalid_input',
        'A token is valid for 1 to 3,660 days',
        'Use a number of days in this range, or leave it out for a token without expiry.',
      );
    const now = ports.clock.now();
    const secret = `anc_${randomText(SECRET_CHARS)}`;
    const token: Token = {
      id: newId('tok', now),
      name,
      hash: await sha256Hex(secret),
      scope: input.scope,
      createdAt: now,
      version: 1,
      ...(input.projectId === undefined ? {} : { projectId: input.projectId }),
      ...(input.teamId === undefined ? {} : { teamId: input.teamId }),
      ...(input.days === undefined ? {} : { expiresAt: now + input.days * 86_400_000 }),
    };
    if (!(await ports.tokens.insert(token)))
      return fail('internal', 'The token could not be stored', 'Run the command again.');
    return ok({ token, secret });
  };

const SEEN_EVERY_MS = 60_000;
/** Tokens whose use is being stored: while a disk is slow, further requests with one of them queue no further write. */
const storing = new Set<TokenId>();

/** Finds the owner of a token; unknown and expired tokens differ in the text only. `hash`: SHA-256 in hex. */
export const checkToken =
  (ports: Pick<Ports, 'tokens' | 'clock'>, hash: (secret: string) => string | Promise<string> = sha256Hex) =>
  async (secret: string): Promise<Result<Token>> => {
    const refused = (why: string) =>
      fail('unauthenticated', why, 'Log in again with: anchor login, or make a new token.');
    if (!/^anc_[0-9A-Za-z]{43}$/.test(secret)) return refused('This is not a token');
    const token = await ports.tokens.byHash(await hash(secret));
    if (token === undefined) return refused('This token is unknown');
    const now = ports.clock.now();
    if (token.expiresAt !== undefined && token.expiresAt <= now) return refused('This token has expired');
    if (now - (token.lastUsedAt ?? 0) > SEEN_EVERY_MS && !storing.has(token.id)) {
      storing.add(token.id);
      // Best effort, and the request does not wait for the disk: a lost race means that another request noted the use.
      const stored = ports.tokens.replace({ ...token, lastUsedAt: now, version: token.version + 1 });
      void stored.catch(() => undefined).finally(() => storing.delete(token.id));
    }
    return ok(token);
  };

export const revokeToken =
  (ports: Pick<Ports, 'tokens'>) =>
  async (id: TokenId): Promise<Result<void>> => {
    if ((await ports.tokens.get(id)) === undefined)
      return fail('not_found', 'There is no such token', 'List tokens with: anchor tokens list');
    await ports.tokens.remove(id);
    return ok(undefined);
  };

/** Returns 32 random bytes in base64. */
export function randomKey(): string {
  let binary = '';
  for (const byte of crypto.getRandomValues(new Uint8Array(32))) binary += String.fromCharCode(byte);
  return btoa(binary);
}

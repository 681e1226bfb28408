import { hash } from 'node:crypto';
import { checkToken } from '@anchor/core/tokens/tokens.ts';
import type { Token } from '@anchor/core/tokens/token.ts';
import type { Ports } from '@anchor/core/ports/ports.ts';
import { fail, type Result } from '@anchor/core/result/result.ts';

type TokenPorts = Pick<Ports, 'tokens' | 'clock'>;

/**
 * Checks a secret synchronously: the hash takes a microsecond, and `crypto.subtle` waits for a thread that files of
 * builds and logs keep busy.
 */
const check = (ports: TokenPorts, secret: string): Promise<Result<Token>> =>
  checkToken(ports, (text) => hash('sha256', text))(secret);

const missing = () =>
  fail(
    'unauthenticated',
    'This needs a token',
    'Send the header "Authorization: Bearer anc_…"; get a token with: anchor login, or from the first start of the server.',
  );

/** Returns the token of an Authorization header: `Bearer <token>`. */
export async function bearerToken(ports: TokenPorts, authorization: string | undefined): Promise<Result<Token>> {
  const match = /^Bearer +(\S+)$/i.exec(authorization ?? '');
  return match?.[1] === undefined ? missing() : check(ports, match[1]);
}

/**
 * Returns the token of a Basic header, as git sends it: the password, whatever the user's name; or the name when the
 * password is empty.
 */
export async function basicToken(ports: TokenPorts, authorization: string | undefined): Promise<Result<Token>> {
  const match = /^Basic +([A-Za-z0-9+/=]+)$/i.exec(authorization ?? '');
  if (match?.[1] === undefined) return missing();
  const [user = '', ...rest] = Buffer.from(match[1], 'base64').toString('utf8').split(':');
  const password = rest.join(':');
  return check(ports, password === '' ? user : password);
}

import { checkToken } from '@anchor/core/tokens/tokens.ts';
import type { Token } from '@anchor/core/tokens/token.ts';
import type { Ports } from '@anchor/core/ports/ports.ts';
import { fail, type Result } from '@anchor/core/result/result.ts';

type TokenPorts = Pick<Ports, 'tokens' | 'clock'>;
const missing = () => fail('unauthenticated', 'This needs a token', 'Send the header "Authorization: Bearer anc_…"; get a token with: anchor login, or from the first start of the server.');

/** The token of an Authorization header: `Bearer <token>`. */
export async function bearerToken(ports: TokenPorts, authorization: string | undefined): Promise<Result<Token>> {
  const match = /^Bearer +(\S+)$/i.exec(authorization ?? '');
  return match?.[1] === undefined ? missing() : checkToken(ports)(match[1]);
}

/** The token of a Basic header, as git sends it: the password, whatever the user's name; or the name when the password is empty. */
export async function basicToken(ports: TokenPorts, authorization: string | undefined): Promise<Result<Token>> {
  const match = /^Basic +([A-Za-z0-9+/=]+)$/i.exec(authorization ?? '');
  if (match?.[1] === undefined) return missing();
  const [user = '', ...rest] = Buffer.from(match[1], 'base64').toString('utf8').split(':');
  const password = rest.join(':');
  return checkToken(ports)(password === '' ? user : password);
}

import { hash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Caller } from '@anchor/core/people/caller.ts';
import type { Ports } from '@anchor/core/ports/ports.ts';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';
import { checkSession, type Origin } from '@anchor/core/sessions/sessions.ts';
import { checkToken } from '@anchor/core/tokens/tokens.ts';
import type { SessionCookie } from './session-cookie.ts';

type CallerPorts = Pick<Ports, 'tokens' | 'sessions' | 'people' | 'teams' | 'clock'>;

/** `cookie`: the secret, when a cookie proved the caller; `renewed`: it is to be set again. */
export type Proven = Readonly<{ caller: Caller; cookie?: string; renewed: boolean }>;

/** Synchronous: it takes a microsecond, and `crypto.subtle` waits for a thread that files of builds keep busy. */
const sha256 = (text: string): string => hash('sha256', text);

const missing = () =>
  fail(
    'unauthenticated',
    'This needs a token or a session',
    'Send the header "Authorization: Bearer anc_…"; get a token with: anchor login, or from the first start of the server.',
  );

export const originOf = (request: IncomingMessage): Origin => ({
  address: request.socket.remoteAddress ?? '',
  userAgent: request.headers['user-agent'] ?? '',
});

/** Returns the caller of a request: by the header `Authorization: Bearer`, else by the cookie of a session. */
export async function callerOf(
  ports: CallerPorts,
  request: IncomingMessage,
  cookie: SessionCookie,
): Promise<Result<Proven>> {
  const { authorization } = request.headers;
  if (authorization !== undefined) {
    const match = /^Bearer +(\S+)$/i.exec(authorization);
    return match?.[1] === undefined ? missing() : bySecret(ports, request, match[1]);
  }
  const secret = cookie.read(request);
  if (secret === undefined) return missing();
  const found = await checkSession(ports, sha256)(secret, 'browser', originOf(request));
  return found.ok ? ok({ ...found.value, cookie: secret }) : found;
}

/**
 * Returns the caller of a Basic header, as git sends it: the password, whatever the user's name; or the name when the
 * password is empty.
 */
export async function basicCaller(ports: CallerPorts, request: IncomingMessage): Promise<Result<Caller>> {
  const match = /^Basic +([A-Za-z0-9+/=]+)$/i.exec(request.headers.authorization ?? '');
  if (match?.[1] === undefined) return missing();
  const [user = '', ...rest] = Buffer.from(match[1], 'base64').toString('utf8').split(':');
  const password = rest.join(':');
  const found = await bySecret(ports, request, password === '' ? user : password);
  return found.ok ? ok(found.value.caller) : found;
}

/** A token of the platform, or of a person's session. */
async function bySecret(ports: CallerPorts, request: IncomingMessage, secret: string): Promise<Result<Proven>> {
  if (secret.startsWith('ans_')) return checkSession(ports, sha256)(secret, 'token', originOf(request));
  const token = await checkToken(ports, sha256)(secret);
  return token.ok ? ok({ caller: { kind: 'token', token: token.value }, renewed: false }) : token;
}

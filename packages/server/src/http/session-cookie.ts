import type { IncomingMessage } from 'node:http';
import { serialize } from 'hono/utils/cookie';
import { SESSION_DAYS } from '@anchor/core/sessions/session.ts';

/**
 * The cookie of a browser's session. Its name has the platform's id, because all ports of a host share their cookies.
 * Over HTTPS it starts with `__Host-`: no other host of the domain, such as a site on it, can then set one.
 */
export class SessionCookie {
  readonly #platformId: string;
  readonly #publicUrl: () => string;

  /** `publicUrl`: read for each request, because HTTPS comes with the first certificate. */
  constructor(platformId: string, publicUrl: () => string) {
    this.#platformId = platformId;
    this.#publicUrl = publicUrl;
  }

  /** Returns the secret in a request's cookie. Two of one name were not both set here, so neither counts. */
  read(request: IncomingMessage): string | undefined {
    const start = `${this.#name(request)}=`;
    const found = (request.headers.cookie ?? '')
      .split(';')
      .map((pair) => pair.trim())
      .filter((pair) => pair.startsWith(start));
    return found.length === 1 ? found[0]?.slice(start.length) : undefined;
  }

  /** Returns the header that sets it for 30 days. */
  set(request: IncomingMessage, secret: string): string {
    return this.#serialize(request, secret, SESSION_DAYS * 86_400);
  }

  /** Returns the header that removes it. */
  clear(request: IncomingMessage): string {
    return this.#serialize(request, '', 0);
  }

  #serialize(request: IncomingMessage, value: string, maxAge: number): string {
    const secure = this.#isSecure(request);
    return serialize(this.#name(request), value, { httpOnly: true, sameSite: 'Strict', path: '/', secure, maxAge });
  }

  #name(request: IncomingMessage): string {
    return `${this.#isSecure(request) ? '__Host-' : ''}anchor_session_${this.#platformId}`;
  }

  /** A request under the public name came over its scheme; an address or localhost is plain HTTP. */
  #isSecure({ headers }: IncomingMessage): boolean {
    const { protocol, host } = new URL(this.#publicUrl());
    return protocol === 'https:' && headers.host?.toLowerCase() === host;
  }
}

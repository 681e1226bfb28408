import { Agent, request } from 'node:https';
import type { IncomingHttpHeaders } from 'node:http';
import { err, ok, type Result } from '@anchor/core/result/result.ts';
import type { AcmeError } from '../messages/acme-error.ts';

export type HttpResponse = Readonly<{ url: string; status: number; headers: IncomingHttpHeaders; body: string }>;
export type HttpRequest = Readonly<{ method: 'GET' | 'HEAD' | 'POST'; url: string; body?: string; accept?: string }>;

export type TransportOptions = Readonly<{
  /** Certificates of the CA's own TLS, besides the system's: for a private CA, and for Pebble. */
  trustedPem?: string | undefined;
  /** Names the client, as RFC 8555, section 6.1 requires. */
  userAgent: string;
  /** Bound on a whole exchange, in milliseconds. */
  timeoutMs?: number;
  /** The clock that is compared with the CA's; the machine's by default. */
  now?: () => number;
}>;

/** Larger than any directory, order or certificate chain. */
const BODY_LIMIT = 1024 * 1024;
const TIMEOUT_MS = 30_000;

/** Sends requests to a CA over HTTPS, with bounded time and size. Redirects are not followed. */
export class HttpsTransport {
  readonly #agent: Agent;
  readonly #options: TransportOptions;
  #clockSkewMs: number | undefined;

  constructor(options: TransportOptions) {
    this.#options = options;
    this.#agent = new Agent({
      keepAlive: true,
      maxSockets: 8,
      ...(options.trustedPem === undefined ? {} : { ca: options.trustedPem }),
    });
  }

  /** How far this machine's clock is ahead of the CA's, by the last response's Date; undefined before the first. */
  get clockSkewMs(): number | undefined {
    return this.#clockSkewMs;
  }

  /** Sends one request. Any status is a response; only what brings none is an error. */
  async send({ method, url, body, accept }: HttpRequest): Promise<Result<HttpResponse, AcmeError>> {
    const target = URL.parse(url);
    if (target === null || target.protocol !== 'https:')
      return err({ kind: 'invalid_response', url, detail: 'A URL of the CA is no https URL' });
    const headers = {
      'user-agent': this.#options.userAgent,
      'accept-language': 'en',
      ...(accept === undefined ? {} : { accept }),
      ...(body === undefined
        ? {}
        : { 'content-type': 'application/jose+json', 'content-length': Buffer.byteLength(body) }),
    };
    try {
      const response = await this.#exchange(target, method, headers, body);
      const date = Date.parse(response.headers.date ?? '');
      if (!Number.isNaN(date)) this.#clockSkewMs = (this.#options.now ?? Date.now)() - date;
      return ok({ url, ...response });
    } catch (error) {
      return err({ kind: 'unreachable', url, detail: describe(error) });
    }
  }

  #exchange(
    url: URL,
    method: string,
    headers: Record<string, string | number>,
    body: string | undefined,
  ): Promise<Omit<HttpResponse, 'url'>> {
    return new Promise((resolve, reject) => {
      const signal = AbortSignal.timeout(this.#options.timeoutMs ?? TIMEOUT_MS);
      const sent = request(url, { method, headers, agent: this.#agent, signal }, (response) => {
        const chunks: Buffer[] = [];
        let size = 0;
        response.on('data', (chunk: Buffer) => {
          size += chunk.length;
          if (size > BODY_LIMIT) response.destroy(new Error(`The response is larger than ${BODY_LIMIT} bytes`));
          else chunks.push(chunk);
        });
        response.on('error', reject);
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(chunks).toString(),
          }),
        );
      });
      sent.on('error', reject);
      sent.end(body);
    });
  }

  /** Closes idle connections. */
  close(): void {
    this.#agent.destroy();
  }
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'AbortError' || error.name === 'TimeoutError') return 'the request timed out';
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  // Happy eyeballs report one error per address, under an empty message.
  const parts = error instanceof AggregateError ? error.errors.map((each) => describe(each)) : [error.message];
  return [...(code === undefined ? [] : [code]), ...parts].filter((part) => part !== '').join(': ');
}

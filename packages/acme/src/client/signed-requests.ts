import { err, ok, type Result } from '@anchor/core/result/result.ts';
import type { z } from 'zod';
import type { AccountKey } from '../jose/account-key.ts';
import { signRequest } from '../jose/jws.ts';
import { isProblem, type AcmeError } from '../messages/acme-error.ts';
import { problemSchema } from '../messages/problem.ts';
import type { HttpResponse, HttpsTransport } from '../transport/https-transport.ts';
import { NoncePool } from '../transport/nonce-pool.ts';
import { parseRetryAfter } from '../transport/retry-after.ts';

/** A registered account: its URL identifies it, its key signs for it. */
export type AcmeAccount = Readonly<{ url: string; key: AccountKey }>;
/** Signs a request: an account, or a key without one while it is registered. */
export type Signer = AcmeAccount | Readonly<{ key: AccountKey; url?: undefined }>;

/** RFC 8555, section 6.5: a request with a refused nonce is sent again with the one of the refusal. */
const BAD_NONCE_TRIES = 10;

/** Signs and sends requests: takes nonces from earlier responses, and reads refusals as problems. */
export class SignedRequests {
  readonly #transport: HttpsTransport;
  readonly #nonces = new NoncePool();

  constructor(transport: HttpsTransport) {
    this.#transport = transport;
  }

  /** Sends a GET without a signature, as the directory and renewal information want it. */
  async get(url: string): Promise<Result<HttpResponse, AcmeError>> {
    const response = await this.#transport.send({ method: 'GET', url, accept: 'application/json' });
    return response.ok ? this.#accept(response.value) : response;
  }

  /** Sends a signed POST; a POST-as-GET when `payload` is undefined. `nonceUrl` gives a nonce when none is left. */
  async post(
    nonceUrl: string,
    url: string,
    signer: Signer,
    payload?: unknown,
    accept = 'application/json',
  ): Promise<Result<HttpResponse, AcmeError>> {
    for (let tries = 1; ; tries++) {
      const nonce = await this.#nonce(nonceUrl);
      if (!nonce.ok) return nonce;
      const account = signer.url === undefined ? {} : { accountUrl: signer.url };
      const jws = signRequest(signer.key, { url, nonce: nonce.value, ...account }, payload);
      const sent = await this.#transport.send({ method: 'POST', url, body: JSON.stringify(jws), accept });
      if (!sent.ok) return sent;
      const response = this.#accept(sent.value);
      if (response.ok || !isProblem(response.error, 'badNonce') || tries === BAD_NONCE_TRIES) return response;
    }
  }

  async #nonce(url: string): Promise<Result<string, AcmeError>> {
    const unused = this.#nonces.take();
    if (unused !== undefined) return ok(unused);
    const response = await this.#transport.send({ method: 'HEAD', url });
    if (!response.ok) return response;
    const accepted = this.#accept(response.value);
    if (!accepted.ok) return accepted;
    const nonce = this.#nonces.take();
    return nonce === undefined ? invalid(url, 'The response has no Replay-Nonce') : ok(nonce);
  }

  #accept(response: HttpResponse): Result<HttpResponse, AcmeError> {
    const nonce = response.headers['replay-nonce'];
    this.#nonces.add(typeof nonce === 'string' ? nonce : undefined);
    return response.status >= 200 && response.status < 300 ? ok(response) : err(problemOf(response));
  }
}

/** Reads a refusal. A page of a proxy in front of the CA is a problem too, of type `unknown`. */
function problemOf(response: HttpResponse): AcmeError {
  const { url, status, headers } = response;
  const parsed = parse(problemSchema, response);
  const detail = `HTTP status ${status}`;
  const problem = parsed.ok ? parsed.value : { type: 'unknown', detail, subproblems: [] };
  const retryAfterMs = parseRetryAfter(headers['retry-after'], headers.date);
  return { kind: 'problem', url, status, problem, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
}

/** Parses a JSON body by a schema. */
export function parse<S extends z.ZodType>(schema: S, { url, body }: HttpResponse): Result<z.infer<S>, AcmeError> {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return invalid(url, 'The response is no JSON');
  }
  const parsed = schema.safeParse(value);
  const issue = parsed.error?.issues[0];
  return parsed.success ? ok(parsed.data) : invalid(url, `${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`);
}

/** Returns the error for a response that RFC 8555 does not allow. */
export const invalid = (url: string, detail: string): { readonly ok: false; readonly error: AcmeError } =>
  err({ kind: 'invalid_response', url, detail });

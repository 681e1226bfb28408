import { err, fail, ok, type Result } from '@anchor/core/result/result.ts';
import { pause } from './pause.ts';

export type ProviderRequest = Readonly<{
  method: 'GET' | 'POST' | 'DELETE';
  url: string;
  headers: Readonly<Record<string, string>>;
  body?: string;
}>;
export type ProviderResponse = Readonly<{ status: number; body: string }>;

export type ProviderHttpSettings = Readonly<{
  /** Bound on one request, in milliseconds. */
  timeoutMs: number;
  /** First pause before a retry, in milliseconds; doubled each time. */
  retryMs: number;
}>;

export const PROVIDER_HTTP_DEFAULTS: ProviderHttpSettings = { timeoutMs: 15_000, retryMs: 1000 };

const BODY_LIMIT = 1024 * 1024;
const TRIES = 4;
/** A longer Retry-After is the caller's to wait for. */
const RETRY_AFTER_LIMIT_MS = 10_000;
const TEXT_LIMIT = 200;

/**
 * Sends a request to a provider's API. 429 and server errors are retried a few times; after that they are a response
 * like any other. The error is a code or a name and never a message: those of `fetch` quote headers.
 */
export async function sendToProvider(
  makeRequest: () => Promise<ProviderRequest> | ProviderRequest,
  { timeoutMs, retryMs }: ProviderHttpSettings,
): Promise<Result<ProviderResponse, string>> {
  for (let tries = 1; ; tries++) {
    const sent = await exchange(await makeRequest(), timeoutMs);
    const busy = sent.ok && (sent.value.status === 429 || sent.value.status >= 500);
    const waitMs = (sent.ok ? sent.value.retryAfterMs : undefined) ?? retryMs * 2 ** (tries - 1);
    if ((sent.ok && !busy) || tries === TRIES || waitMs > RETRY_AFTER_LIMIT_MS) return sent;
    await pause(waitMs);
  }
}

async function exchange(
  { url, method, headers, body }: ProviderRequest,
  timeoutMs: number,
): Promise<Result<ProviderResponse & Readonly<{ retryAfterMs?: number }>, string>> {
  try {
    const response = await fetch(url, {
      method,
      headers,
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs),
      ...(body === undefined ? {} : { body }),
    });
    const chunks: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of response.body ?? []) {
      chunks.push(chunk);
      size += chunk.length;
      if (size > BODY_LIMIT) return err('the response is larger than 1 MB');
    }
    const seconds = Number(response.headers.get('retry-after') ?? NaN);
    return ok({
      status: response.status,
      body: Buffer.concat(chunks).toString(),
      ...(Number.isFinite(seconds) && seconds >= 0 ? { retryAfterMs: seconds * 1000 } : {}),
    });
  } catch (error) {
    return err(codeOf(error));
  }
}

function codeOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  for (const each of [cause, error])
    if (each instanceof Error && 'code' in each && typeof each.code === 'string') return each.code;
  return error instanceof Error && error.name === 'TimeoutError' ? 'no response in time' : 'the request failed';
}

/** Returns the error of a provider that refused, or did not respond. `secrets` are removed from its own words. */
export function providerError(
  kind: 'source_refused' | 'source_unreachable',
  provider: string,
  zone: string,
  cause: string,
  secrets: readonly string[],
): Result<never> {
  const clean = secrets.reduce((text, secret) => (secret === '' ? text : text.replaceAll(secret, '•••')), cause);
  return fail(
    kind,
    `${provider} did not change the TXT records of ${zone}`,
    'Check the credentials of the zone in the file of --dns-providers, then retry.',
    clean.replace(/[^\x20-\x7e•]/g, '·').slice(0, TEXT_LIMIT),
  );
}

import { z } from 'zod';
import { err, ok, type Result } from '@anchor/core/result/result.ts';
import { parentOf } from '../../wire/names.ts';
import type { Credential } from '../credential.ts';
import { PROVIDER_HTTP_DEFAULTS, providerError, sendToProvider, type ProviderHttpSettings } from '../provider-http.ts';
import type { TxtProvider } from '../txt-provider.ts';

export type CloudflareSettings = Readonly<{
  /** A zone at Cloudflare, or a name in one. */
  zone: string;
  /** An API token with Zone:Read and DNS:Edit. */
  token: Credential;
  endpoint?: string;
  http?: Partial<ProviderHttpSettings>;
}>;

const ENDPOINT = 'https://api.cloudflare.com/client/v4';
/** Codes of errors that mean that a record is as wanted already: identical record exists, record not found. */
const IDENTICAL_EXISTS = [81057, 81058];
const NOT_FOUND = [81044];
const TTL = 60;
const PAGE = 100;

const envelopeSchema = z.object({
  success: z.boolean(),
  errors: z.array(z.object({ code: z.number(), message: z.string() })).default([]),
  result: z.unknown(),
});
const zonesSchema = z.array(z.object({ id: z.string().regex(/^\w+$/), name: z.string() }));
const recordsSchema = z.array(z.object({ id: z.string().regex(/^\w+$/), name: z.string(), content: z.string() }));

type Refusal = Readonly<{ codes: readonly number[]; error: Result<never> }>;
type Method = 'GET' | 'POST' | 'DELETE';

/** TXT records in a zone at Cloudflare, by API version 4. */
export class CloudflareProvider implements TxtProvider {
  readonly #settings: CloudflareSettings;
  #zoneId: string | undefined;

  constructor(settings: CloudflareSettings) {
    this.#settings = settings;
  }

  async put(name: string, value: string): Promise<Result<void>> {
    const zone = await this.#zone();
    if (!zone.ok) return zone;
    const body = { type: 'TXT', name, content: quoted(value), ttl: TTL };
    const made = await this.#call('POST', `/zones/${zone.value}/dns_records`, body);
    if (made.ok || made.error.codes.some((code) => IDENTICAL_EXISTS.includes(code))) return ok(undefined);
    return made.error.error;
  }

  async remove(name: string, value: string): Promise<Result<void>> {
    const zone = await this.#zone();
    if (!zone.ok) return zone;
    const path = `/zones/${zone.value}/dns_records`;
    const query = new URLSearchParams({ type: 'TXT', 'name.exact': name, per_page: `${PAGE}` });
    const listed = await this.#call('GET', `${path}?${query}`);
    if (!listed.ok) return listed.error.error;
    const records = recordsSchema.safeParse(listed.value);
    if (!records.success) return this.#unreadable();
    for (const record of records.data) {
      if (record.name.toLowerCase() !== name || unquoted(record.content) !== value) continue;
      const removed = await this.#call('DELETE', `${path}/${record.id}`);
      if (!removed.ok && !removed.error.codes.some((code) => NOT_FOUND.includes(code))) return removed.error.error;
    }
    return ok(undefined);
  }

  /** Finds the zone by the longest suffix that the token may see. */
  async #zone(): Promise<Result<string>> {
    if (this.#zoneId !== undefined) return ok(this.#zoneId);
    for (let suffix = this.#settings.zone; suffix.includes('.'); suffix = parentOf(suffix)) {
      const found = await this.#call('GET', `/zones?${new URLSearchParams({ name: suffix })}`);
      if (!found.ok) return found.error.error;
      const zones = zonesSchema.safeParse(found.value);
      if (!zones.success) return this.#unreadable();
      const id = zones.data.find((zone) => zone.name.toLowerCase() === suffix)?.id;
      if (id === undefined) continue;
      this.#zoneId = id;
      return ok(id);
    }
    return this.#error('source_refused', 'the token sees no zone that contains the name');
  }

  async #call(method: Method, path: string, body?: unknown): Promise<Result<unknown, Refusal>> {
    const { endpoint = ENDPOINT, token, http } = this.#settings;
    const sent = await sendToProvider(
      () => ({
        method,
        url: `${endpoint}${path}`,
        headers: { authorization: `Bearer ${token.reveal()}`, 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
      { ...PROVIDER_HTTP_DEFAULTS, ...http },
    );
    if (!sent.ok) return err({ codes: [], error: this.#error('source_unreachable', sent.error) });
    const envelope = envelopeSchema.safeParse(parseJson(sent.value.body));
    const { status } = sent.value;
    if (envelope.success && envelope.data.success && status < 300) return ok(envelope.data.result);
    const errors = envelope.success ? envelope.data.errors : [];
    const words = errors.map(({ code, message }) => `${message} (${code})`).join('; ');
    const kind = status >= 500 ? 'source_unreachable' : 'source_refused';
    const cause = `HTTP ${status}${words === '' ? '' : `: ${words}`}`;
    return err({ codes: errors.map(({ code }) => code), error: this.#error(kind, cause) });
  }

  #unreadable(): Result<never> {
    return this.#error('source_unreachable', 'the response has an unknown form');
  }

  #error(kind: 'source_refused' | 'source_unreachable', cause: string): Result<never> {
    return providerError(kind, 'Cloudflare', this.#settings.zone, cause, [this.#settings.token.reveal()]);
  }
}

const quoted = (value: string): string => `"${value}"`;
/** Cloudflare returns contents as they were sent, and for some records without quotes. */
const unquoted = (content: string): string => content.replace(/^"(.*)"$/s, '$1').replaceAll('" "', '');

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

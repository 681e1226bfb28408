import { AwsV4Signer } from 'aws4fetch';
import { err, ok, type Result } from '@anchor/core/result/result.ts';
import { parentOf } from '../../wire/names.ts';
import { Semaphore } from '../../wire/semaphore.ts';
import type { Credential } from '../credential.ts';
import { pause } from '../pause.ts';
import {
  PROVIDER_HTTP_DEFAULTS,
  providerError,
  sendToProvider,
  type ProviderHttpSettings,
  type ProviderRequest,
} from '../provider-http.ts';
import type { TxtProvider } from '../txt-provider.ts';
import {
  changeBatch,
  changeIn,
  errorIn,
  parseXml,
  recordSetIn,
  txtSpelling,
  zoneIdIn,
  type RecordSet,
} from './change-batch.ts';

export type Route53Settings = Readonly<{
  /** A public hosted zone, or a name in one. */
  zone: string;
  /** The key needs route53:ListHostedZonesByName, ListResourceRecordSets, ChangeResourceRecordSets, GetChange. */
  accessKeyId: string;
  secretAccessKey: Credential;
  sessionToken?: Credential;
  endpoint?: string;
  http?: Partial<ProviderHttpSettings>;
  /** Between two looks at a change, in milliseconds. */
  pollMs?: number;
}>;

const ENDPOINT = 'https://route53.amazonaws.com';
const POLL_MS = 2000;
/** Changes are in sync within a minute, as AWS says; twice that is given up on. */
const SYNC_LOOKS = 60;
const RACE_TRIES = 6;
/** Codes of states that pass: another writer, or a change of the zone in flight. */
const RETRIED = ['InvalidChangeBatch', 'PriorRequestNotComplete'];
/** Five requests per second and account are allowed; more get this, mostly with status 400. */
const THROTTLED = ['Throttling', 'ThrottlingException'];
const THROTTLE_TRIES = 5;

type Refusal = Readonly<{ code: string; error: Result<never> }>;

/** TXT records in a public hosted zone of Route 53. A name's values are one set, replaced as a whole and atomically. */
export class Route53Provider implements TxtProvider {
  readonly #settings: Route53Settings;
  /** One change at a time: Route 53 refuses a second one in flight for the same zone. */
  readonly #changing = new Semaphore(1);
  #zoneId: string | undefined;

  constructor(settings: Route53Settings) {
    this.#settings = settings;
  }

  put(name: string, value: string): Promise<Result<void>> {
    const spelled = txtSpelling(value);
    return this.#change(name, (values) => (values.includes(spelled) ? values : [...values, spelled]), true);
  }

  remove(name: string, value: string): Promise<Result<void>> {
    const spelled = txtSpelling(value);
    // Nothing waits for a value to be gone.
    return this.#change(name, (values) => values.filter((each) => each !== spelled), false);
  }

  async #change(
    name: string,
    edit: (values: readonly string[]) => readonly string[],
    sync: boolean,
  ): Promise<Result<void>> {
    const changed = await this.#changing.run(() => this.#write(name, edit));
    if (!changed.ok) return changed;
    return changed.value === undefined || !sync ? ok(undefined) : this.#waitForSync(changed.value);
  }

  /** Writes the edited set. Returns the id of the change; undefined when nothing had to change. */
  async #write(
    name: string,
    edit: (values: readonly string[]) => readonly string[],
  ): Promise<Result<string | undefined>> {
    const zone = await this.#zone();
    if (!zone.ok) return zone;
    const path = `/2013-04-01/hostedzone/${zone.value}/rrset`;
    for (let tries = 1; ; tries++) {
      const query = new URLSearchParams({ name: `${name}.`, type: 'TXT', maxitems: '1' });
      const listed = await this.#call('GET', `${path}?${query}`);
      if (!listed.ok) return listed.error.error;
      const before = recordSetIn(listed.value, name);
      if (before === undefined) return this.#unreadable();
      const after = edit(before.values);
      if (after.length === before.values.length) return ok(undefined);
      const sent = await this.#send(path, name, before, after);
      if (sent.ok) return sent;
      if (!RETRIED.includes(sent.error.code) || tries === RACE_TRIES) return sent.error.error;
      await pause((this.#settings.http?.retryMs ?? PROVIDER_HTTP_DEFAULTS.retryMs) * tries);
    }
  }

  async #send(
    path: string,
    name: string,
    before: RecordSet,
    after: readonly string[],
  ): Promise<Result<string, Refusal>> {
    const sent = await this.#call('POST', path, changeBatch(name, before, after));
    if (!sent.ok) return sent;
    const change = changeIn(sent.value);
    return change === undefined ? err({ code: 'Unknown', error: this.#unreadable() }) : ok(change.id);
  }

  async #waitForSync(id: string): Promise<Result<void>> {
    for (let looks = 0; looks < SYNC_LOOKS; looks++) {
      const response = await this.#call('GET', `/2013-04-01/change/${encodeURIComponent(id)}`);
      if (!response.ok) return response.error.error;
      if (changeIn(response.value)?.status === 'INSYNC') return ok(undefined);
      await pause(this.#settings.pollMs ?? POLL_MS);
    }
    return this.#error('source_unreachable', 'the change is not in sync after two minutes');
  }

  /** Finds the hosted zone by the longest suffix. */
  async #zone(): Promise<Result<string>> {
    if (this.#zoneId !== undefined) return ok(this.#zoneId);
    for (let suffix = this.#settings.zone; suffix.includes('.'); suffix = parentOf(suffix)) {
      const query = new URLSearchParams({ dnsname: `${suffix}.`, maxitems: '100' });
      const found = await this.#call('GET', `/2013-04-01/hostedzonesbyname?${query}`);
      if (!found.ok) return found.error.error;
      const id = zoneIdIn(found.value, suffix);
      if (id === undefined) continue;
      this.#zoneId = id;
      return ok(id);
    }
    return this.#error('source_refused', 'the account has no public hosted zone that contains the name');
  }

  async #call(method: 'GET' | 'POST', path: string, body?: string): Promise<Result<unknown, Refusal>> {
    for (let tries = 1; ; tries++) {
      const response = await this.#exchange(method, path, body);
      if (response.ok || !THROTTLED.includes(response.error.code) || tries === THROTTLE_TRIES) return response;
      await pause((this.#settings.http?.retryMs ?? PROVIDER_HTTP_DEFAULTS.retryMs) * tries);
    }
  }

  async #exchange(method: 'GET' | 'POST', path: string, body: string | undefined): Promise<Result<unknown, Refusal>> {
    const http = { ...PROVIDER_HTTP_DEFAULTS, ...this.#settings.http };
    const sent = await sendToProvider(() => this.#signed(method, path, body), http);
    if (!sent.ok) return err({ code: 'Unreachable', error: this.#error('source_unreachable', sent.error) });
    const xml = parseXml(sent.value.body);
    if (sent.value.status < 300) return ok(xml);
    const { code, message } = errorIn(xml);
    const kind = sent.value.status >= 500 ? 'source_unreachable' : 'source_refused';
    return err({ code, error: this.#error(kind, `HTTP ${sent.value.status}: ${code} ${message}`) });
  }

  /** Signs with Signature Version 4, again for each retry, as a signature holds for five minutes. */
  async #signed(method: 'GET' | 'POST', path: string, body: string | undefined): Promise<ProviderRequest> {
    const { endpoint = ENDPOINT, accessKeyId, secretAccessKey, sessionToken } = this.#settings;
    const signer = new AwsV4Signer({
      method,
      url: `${endpoint}${path}`,
      accessKeyId,
      secretAccessKey: secretAccessKey.reveal(),
      ...(sessionToken === undefined ? {} : { sessionToken: sessionToken.reveal() }),
      service: 'route53',
      region: 'us-east-1',
      ...(body === undefined ? {} : { body, headers: { 'content-type': 'text/xml' } }),
    });
    const signed = await signer.sign();
    return {
      method,
      url: signed.url.href,
      headers: Object.fromEntries(signed.headers),
      ...(body === undefined ? {} : { body }),
    };
  }

  #unreadable(): Result<never> {
    return this.#error('source_unreachable', 'the response has an unknown form');
  }

  #error(kind: 'source_refused' | 'source_unreachable', cause: string): Result<never> {
    const { secretAccessKey, sessionToken } = this.#settings;
    const secrets = [secretAccessKey.reveal(), sessionToken?.reveal() ?? ''];
    return providerError(kind, 'Route 53', this.#settings.zone, cause, secrets);
  }
}

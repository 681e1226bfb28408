import { fail, ok, type Result } from '@anchor/core/result/result.ts';
import { exchangeBytes, type DnsServer } from '../../wire/exchange.ts';
import type { Credential } from '../credential.ts';
import type { TxtProvider } from '../txt-provider.ts';
import { signMessage, verifyResponse, type TsigAlgorithm, type TsigKey } from './tsig.ts';
import { encodeUpdate, updateRcode, type TxtChange } from './update.ts';

export type Rfc2136Settings = Readonly<{
  zone: string;
  server: DnsServer;
  keyName: string;
  algorithm: TsigAlgorithm;
  /** The key in base64, as `tsig-keygen` and `keymgr -t` print it. */
  secret: Credential;
  timeoutMs?: number;
}>;

const TIMEOUT_MS = 10_000;
const REASONS: Readonly<Record<number, string>> = {
  1: 'the server did not understand the update (FORMERR)',
  2: 'the server failed (SERVFAIL)',
  4: 'the server does not accept updates (NOTIMP)',
  5: 'the server refused the update (REFUSED)',
  9: 'the server is not the primary of the zone, or did not accept the key (NOTAUTH)',
  10: 'the name is not in the zone (NOTZONE)',
  16: 'the signature is wrong: the secret differs (BADSIG)',
  17: 'the server does not know the key (BADKEY)',
  18: 'the clocks differ by more than five minutes (BADTIME)',
};

/** TXT records by dynamic update (RFC 2136), signed with TSIG (RFC 8945), over TCP. */
export class Rfc2136Provider implements TxtProvider {
  readonly #settings: Rfc2136Settings;

  constructor(settings: Rfc2136Settings) {
    this.#settings = settings;
  }

  put(name: string, value: string): Promise<Result<void>> {
    return this.#update({ zone: this.#settings.zone, name, value, action: 'add' });
  }

  remove(name: string, value: string): Promise<Result<void>> {
    return this.#update({ zone: this.#settings.zone, name, value, action: 'remove' });
  }

  async #update(change: TxtChange): Promise<Result<void>> {
    const key = this.#key();
    const message = encodeUpdate(change);
    const { bytes, mac } = signMessage(message, key, Date.now());
    const response = await exchangeBytes(this.#settings.server, bytes, this.#settings.timeoutMs ?? TIMEOUT_MS);
    if (!response.ok) return this.#failed('source_unreachable', `no response (${response.error})`);
    const rcode = updateRcode(response.value, message);
    if (rcode === undefined) return this.#failed('source_unreachable', 'the response does not belong to the update');
    const verdict = verifyResponse(response.value, key, mac, Date.now());
    if (rcode === 0 && verdict.kind === 'valid') return ok(undefined);
    if (rcode === 0) return this.#failed('source_refused', 'the response is not signed with the key');
    const reason = REASONS[verdict.error === 0 ? rcode : verdict.error] ?? `response code ${rcode}`;
    return this.#failed(rcode === 2 ? 'source_unreachable' : 'source_refused', reason);
  }

  #key(): TsigKey {
    const { keyName, algorithm, secret } = this.#settings;
    return { name: keyName, algorithm, secret: Buffer.from(secret.reveal(), 'base64') };
  }

  #failed(code: 'source_refused' | 'source_unreachable', cause: string): Result<void> {
    const { zone, server, keyName } = this.#settings;
    return fail(
      code,
      `The DNS server ${server.address}:${server.port} did not update ${zone}`,
      `Check that the server allows key ${keyName} to update TXT records of ${zone}, then retry.`,
      cause,
    );
  }
}

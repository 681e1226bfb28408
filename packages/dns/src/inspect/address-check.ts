import { request as requestHttp, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as requestHttps } from 'node:https';
import { isPrivateAddress } from '@anchor/core/names/private-networks.ts';
import type { AddressCheck, AddressOutcome, DnsInspection } from '@anchor/core/ports/dns-lookup.ts';
import { hasErrorCode } from '@anchor/core/result/has-error-code.ts';
import { cdnOfAddress, cdnOfHeaders } from './known-cdns.ts';

export type AddressCheckSettings = Readonly<{
  httpPort: number;
  httpsPort: number;
  /** Bound on all requests to one address together, in milliseconds. */
  timeoutMs: number;
  /** Addresses that are tried although they are private: the platform's own. */
  mayContact: (address: string) => boolean;
}>;

type Check = Pick<DnsInspection, 'name' | 'path' | 'token'>;
type Response = Readonly<{ status: number; headers: IncomingMessage['headers']; body: string }>;

const BODY_LIMIT = 4096;
const HEADER_LIMIT = 16 * 1024;
const REDIRECT_LIMIT = 3;
const TEXT_LIMIT = 200;
const UNROUTABLE = ['ENETUNREACH', 'EHOSTUNREACH', 'EADDRNOTAVAIL', 'EINVAL'];

/**
 * Requests our own token at one address, as a CA would its challenge. A redirect is followed when it stays with the
 * name, and always to the same address: no record and no response sends a request elsewhere.
 */
export async function checkAddress(
  address: string,
  check: Check,
  settings: AddressCheckSettings,
  signal?: AbortSignal,
): Promise<AddressCheck> {
  if (isPrivateAddress(address) && !settings.mayContact(address)) return { address, outcome: 'private' };
  const owner = cdnOfAddress(address);
  const ended = AbortSignal.any([AbortSignal.timeout(settings.timeoutMs), ...(signal === undefined ? [] : [signal])]);
  let url = new URL(`http://${check.name}${check.path}`);
  try {
    for (let redirects = 0; ; redirects++) {
      const response = await exchange(address, url, settings, ended);
      const next = redirects < REDIRECT_LIMIT ? redirectOf(response, url) : undefined;
      if (next === undefined) return describe(address, response, check.token, owner);
      url = next;
    }
  } catch (error) {
    return { address, outcome: outcomeOf(error, ended), ...(owner === undefined ? {} : { cdn: owner }) };
  }
}

/** Returns where a redirect leads, when it stays with the name and on the ports that a CA follows it to. */
function redirectOf({ status, headers }: Response, from: URL): URL | undefined {
  if (![301, 302, 303, 307, 308].includes(status)) return undefined;
  const target = URL.parse(headers.location ?? '', from);
  const stays = target !== null && target.hostname === from.hostname && target.port === '';
  return stays && (target.protocol === 'http:' || target.protocol === 'https:') ? target : undefined;
}

function describe(
  address: string,
  { status, headers, body }: Response,
  token: string,
  owner: string | undefined,
): AddressCheck {
  const redirected = status >= 300 && status < 400;
  const cdn = owner ?? cdnOfHeaders(headers);
  return {
    address,
    outcome: status === 200 && body.trim() === token ? 'ours' : redirected ? 'redirected' : 'other',
    status,
    ...(headers.server === undefined ? {} : { server: printable([headers.server].flat().join(', ')) }),
    ...(headers.location === undefined ? {} : { location: printable(headers.location) }),
    ...(cdn === undefined ? {} : { cdn }),
  };
}

function exchange(address: string, url: URL, settings: AddressCheckSettings, signal: AbortSignal): Promise<Response> {
  return new Promise((resolve, reject) => {
    const secure = url.protocol === 'https:';
    const options: RequestOptions = {
      host: address,
      port: secure ? settings.httpsPort : settings.httpPort,
      path: `${url.pathname}${url.search}`,
      headers: { host: url.hostname, 'user-agent': 'anchor-domain-check', accept: '*/*', connection: 'close' },
      agent: false,
      maxHeaderSize: HEADER_LIMIT,
      signal,
    };
    const onResponse = (response: IncomingMessage): void => {
      const chunks: Buffer[] = [];
      let size = 0;
      const end = (): void => {
        const body = Buffer.concat(chunks).subarray(0, BODY_LIMIT).toString();
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body });
        response.destroy();
      };
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        size += chunk.length;
        if (size > BODY_LIMIT) end();
      });
      response.on('end', end).on('error', reject);
    };
    // Any certificate will do: the name has none of ours yet, and the response is only compared.
    const sent = secure
      ? requestHttps({ ...options, servername: url.hostname, rejectUnauthorized: false }, onResponse)
      : requestHttp(options, onResponse);
    sent.on('error', reject).end();
  });
}

function outcomeOf(error: unknown, signal: AbortSignal): AddressOutcome {
  if (signal.aborted || hasErrorCode(error, 'ETIMEDOUT')) return 'timeout';
  if (hasErrorCode(error, 'ECONNREFUSED')) return 'refused';
  // A server that speaks no HTTP, or closes early, is a server nevertheless.
  return UNROUTABLE.some((code) => hasErrorCode(error, code)) ? 'unreachable' : 'other';
}

const printable = (text: string): string => text.slice(0, TEXT_LIMIT).replace(/[^\x20-\x7e]/g, '·');

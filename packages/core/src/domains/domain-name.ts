import ipaddr from 'ipaddr.js';
import { parse } from 'tldts';
import { printable, type DomainName, type HostName } from '../names/name.ts';
import { fail, ok, type Result } from '../result/result.ts';

const WILDCARD = '*.';
const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const MAX_LENGTH = 253;
/** Characters that are part of an address but of no name; a URL parser would read each in its own way. */
const NOT_A_NAME = /[\s/:@?#[\]%\\,;"'<>|^`{}]/;

/** The platform's own names, which no project may take. */
export type PlatformNames = Readonly<{ domain: string; apiDomain?: string }>;

/**
 * Parses a domain as a user writes it: upper case, IDN or punycode, a trailing dot, `*.` in front. IDN becomes ASCII by
 * UTS #46. Refuses public suffixes (`com`, `co.uk`, `github.io`), addresses, and the platform's own names.
 */
export function parseDomainName(text: string, platform: PlatformNames): Result<DomainName> {
  const written = text.trim().normalize('NFC');
  const wildcard = written.startsWith(WILDCARD);
  const rest = wildcard ? written.slice(WILDCARD.length) : written;
  const host = rest.replace(/[.。．｡]$/u, '');
  if (ipaddr.isValid(host.replace(/^\[|\]$/g, ''))) return isAddress(text);
  if (NOT_A_NAME.test(host) || host === '') return notADomain(text);
  const ascii = toAscii(host);
  if (ascii === undefined) return notADomain(text);
  // `0x7f.1` and `2130706433` are addresses for a URL parser, and so for browsers.
  if (/^[\d.]+$/.test(ascii)) return isAddress(text);
  const name = wildcard ? `${WILDCARD}${ascii}` : ascii;
  if (name.length > MAX_LENGTH || !ascii.split('.').every((label) => LABEL.test(label))) return notADomain(text);
  const own = [platform.domain, platform.apiDomain, 'localhost'].find(
    (one) => one !== undefined && isWithin(ascii, one),
  );
  if (own !== undefined)
    return fail(
      'invalid_input',
      `${printable(name)} belongs to the platform`,
      'Use a domain of your own; the addresses of a project are shown by `anchor projects inspect`.',
      `names below ${own} are made by the platform`,
    );
  if (parse(ascii, { allowPrivateDomains: true }).domain === null)
    return fail(
      'invalid_input',
      `${printable(name)} is a public suffix`,
      'Use a domain that is registered to you, such as example.com.',
      'names below it are registered to different owners',
    );
  return ok(name as DomainName);
}

/** Returns the domain that was registered: `example.co.uk` of `*.shop.example.co.uk`. */
export const registeredDomain = (name: DomainName): DomainName =>
  (parse(base(name), { allowPrivateDomains: true }).domain ?? base(name)) as DomainName;

export const isWildcard = (name: DomainName): boolean => name.startsWith(WILDCARD);

/** Returns the name without `*.`. */
export const base = (name: DomainName): string => (isWildcard(name) ? name.slice(WILDCARD.length) : name);

/** Returns the name as a word of a command line: shells expand `*`. */
export const commandWord = (name: string): string => (name.startsWith(WILDCARD) ? `'${name}'` : name);

/** Returns the alias that serves a domain. A wildcard's is `*.example.com`, which no request can name. */
export const hostOf = (name: DomainName): HostName => name as string as HostName;

/** Returns `www.example.com` for `example.com` and the other way round; undefined for every other name. */
export function sibling(name: DomainName): DomainName | undefined {
  const registered = registeredDomain(name);
  if (name === registered) return `www.${name}` as DomainName;
  return name === `www.${registered}` ? registered : undefined;
}

const isWithin = (name: string, parent: string): boolean => name === parent || name.endsWith(`.${parent}`);

function toAscii(host: string): string | undefined {
  try {
    const { hostname } = new URL(`http://${host}`);
    return hostname === '' ? undefined : hostname;
  } catch {
    return undefined;
  }
}

const isAddress = (text: string) =>
  fail(
    'invalid_input',
    `${printable(text)} is an address, not a domain`,
    "Use a domain name; a certificate for the server's own address comes with: ./up --public-address",
  );

const notADomain = (text: string) =>
  fail(
    'invalid_input',
    `"${printable(text)}" is not a domain name`,
    'Use a name such as example.com, without https:// and without a path, of at most 253 characters.',
  );

import { printable } from '../names/name.ts';
import { fail, ok, type Result } from '../result/result.ts';

/** A repository address that git may be given: no credentials in it, no transport but these three. */
export type RepositoryUrl = Readonly<{
  /** What git gets as its argument; never starts with "-". */
  url: string;
  transport: 'https' | 'http' | 'ssh';
  /** Lower case, without port and without the brackets of an IPv6 address. */
  host: string;
  /** `user:password` (or only one of them) that stood in an http(s) address, percent-decoded: to be sealed and kept apart. */
  credentials?: string;
}>;

/** How addresses are judged. `allowHosts`: host names or addresses that may be used although they are private. */
export type RepositoryUrlRules = Readonly<{ allowHosts?: readonly string[] }>;

const FIX = 'Give an https://, http:// or ssh:// address, or git@host:path.';

/**
 * Parses what a person or a webhook gave as a repository address. Everything that git would read as an option, as a
 * remote helper (`ext::`), or as a path of this machine is refused, and so are addresses of this machine and of private
 * networks. A public name that resolves to a private address can not be seen here: the fetch checks that again.
 */
export function parseRepositoryUrl(text: string, rules: RepositoryUrlRules = {}): Result<RepositoryUrl> {
  const refuse = (why: string) => fail('source_refused', `"${printable(withoutCredentials(text))}" is not a repository address that can be used`, FIX, why);
  if (text.length === 0 || text.length > 2048) return refuse('It is empty or longer than 2,048 characters.');
  if (/[^\x21-\x7e]/.test(text)) return refuse('It holds spaces, control characters or characters outside ASCII.');
  if (text.startsWith('-')) return refuse('It starts with "-", which git would read as an option.');
  if (/[\\"'`<>|^{}$;]/.test(text)) return refuse('It holds a character that no repository address needs.');
  const parsed = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? parseUrl(text) : parseScp(text);
  if (typeof parsed === 'string') return refuse(parsed);
  const allowed = rules.allowHosts?.some((host) => bare(host) === parsed.host) ?? false;
  if (!allowed && isPrivateHost(parsed.host)) {
    return fail('source_refused', `${parsed.host} is an address of this machine or of a private network`, 'Use a public address, or have the operator add this host to the list of allowed git hosts.');
  }
  return ok(parsed);
}

function parseUrl(text: string): RepositoryUrl | string {
  const transport = /^(https|http|ssh):\/\//i.exec(text)?.[1]?.toLowerCase();
  if (transport !== 'https' && transport !== 'http' && transport !== 'ssh') return 'Only https, http and ssh are allowed.';
  if (!URL.canParse(text)) return 'It is not a valid address.';
  const url = new URL(text);
  const host = bare(url.hostname);
  if (!isHost(host)) return 'Its host is not a host name.';
  if (url.search !== '' || url.hash !== '') return 'It has a query or a fragment.';
  const path = decode(url.pathname);
  if (path === undefined || path.includes('::') || !isPath(path.replace(/^\/+/, ''))) return 'Its path is not a repository path.';
  const user = decode(url.username);
  const password = decode(url.password);
  if (user === undefined || password === undefined || /[\x00-\x1f\x7f]/.test(user + password)) return 'Its user name or password can not be read.';
  const authority = `${url.hostname}${url.port === '' ? '' : `:${url.port}`}`;
  if (transport === 'ssh') {
    if (password !== '') return 'ssh addresses take no password.';
    if (user !== '' && !isUser(user)) return 'Its user name is not one.';
    return { url: `ssh://${user === '' ? '' : `${user}@`}${authority}${url.pathname}`, transport, host };
  }
  const plain: RepositoryUrl = { url: `${transport}://${authority}${url.pathname}`, transport, host };
  return user === '' && password === '' ? plain : { ...plain, credentials: `${user}:${password}` };
}

/** `git@host:owner/name.git`, rewritten as ssh:// so that one form reaches git. */
function parseScp(text: string): RepositoryUrl | string {
  if (text.includes('::')) return 'Remote helpers such as ext:: are not allowed.';
  const match = /^([^@:/]+)@([^@:/]+):([^:]*)$/.exec(text);
  const [, user, name, path] = match ?? [];
  if (user === undefined || name === undefined || path === undefined) return 'It is neither a URL nor git@host:path.';
  const host = bare(name);
  if (!isUser(user) || !isHost(host)) return 'Its user or host is not one.';
  if (path.startsWith('-') || /[%?#]/.test(path) || !isPath(path.replace(/^\/+/, ''))) return 'Its path is not a repository path.';
  return { url: `ssh://${user}@${host}/${path.replace(/^\/+/, '')}`, transport: 'ssh', host };
}

const bare = (host: string): string => host.toLowerCase().replace(/^\[|\]$/g, '').replace(/\.$/, '');
const isUser = (text: string): boolean => /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/.test(text);
const isHost = (text: string): boolean => text.length <= 253 && (/^[a-z0-9_](?:[a-z0-9._-]*[a-z0-9])?$/.test(text) || /^[0-9a-f:.]*:[0-9a-f:.]*$/.test(text));
const isPath = (text: string): boolean =>
  text !== '' && !text.startsWith('-') && !/[\x00-\x1f\x7f\\]/.test(text) && !text.split('/').some((part) => part === '..' || part === '.');

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** For messages: whatever stands before the last "@" of the authority may be a password. */
const withoutCredentials = (text: string): string => text.replace(/^([a-z+.-]*:\/\/)[^/]*@/i, '$1');

/** Names and literal addresses that mean this machine or a private network. */
export function isPrivateHost(host: string): boolean {
  const name = bare(host);
  if (name === 'localhost' || name.endsWith('.localhost') || name.endsWith('.local') || name.endsWith('.internal')) return true;
  return isPrivateAddress(name);
}

/** True for loopback, private, link-local, shared, multicast and reserved addresses, IPv4 and IPv6. False for what is no address. */
export function isPrivateAddress(address: string): boolean {
  const v4 = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(address);
  if (v4) {
    const [a, b, c] = [Number(v4[1]), Number(v4[2]), Number(v4[3])];
    return (
      a === 0 || a === 10 || a === 127 || a >= 224 || (a === 100 && b >= 64 && b <= 127) || (a === 169 && b === 254) ||
      (a === 172 && b >= 16 && b <= 31) || (a === 192 && b === 168) || (a === 192 && b === 0 && c === 0) || (a === 198 && (b === 18 || b === 19))
    );
  }
  if (!address.includes(':')) return false;
  const words = expandV6(address);
  // What can not be read as an address is treated as one that must not be reached.
  if (words === undefined) return true;
  const [first, second] = [words[0] ?? 0, words[1] ?? 0];
  if (words.slice(0, 5).every((word) => word === 0)) {
    const mapped = words[5] === 0xffff || words[5] === 0;
    const [high, low] = [words[6] ?? 0, words[7] ?? 0];
    if (mapped) return isPrivateAddress(`${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`);
  }
  // 64:ff9b::/96 and 2002::/16 carry an IPv4 address.
  if (first === 0x64 && second === 0xff9b) return true;
  if (first === 0x2002) return isPrivateAddress(`${second >> 8}.${second & 255}.${(words[2] ?? 0) >> 8}.${(words[2] ?? 0) & 255}`);
  return (first & 0xfe00) === 0xfc00 || (first & 0xffc0) === 0xfe80 || (first & 0xffc0) === 0xfec0 || (first & 0xff00) === 0xff00;
}

function expandV6(address: string): readonly number[] | undefined {
  const text = address.replace(/(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/, (_all, a: string, b: string, c: string, d: string) =>
    `${((Number(a) << 8) | Number(b)).toString(16)}:${((Number(c) << 8) | Number(d)).toString(16)}`);
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const words = (half: string | undefined) => (half === undefined || half === '' ? [] : half.split(':'));
  const [head, tail] = [words(halves[0]), words(halves[1])];
  const missing = 8 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
  const all = [...head, ...Array.from({ length: missing }, () => '0'), ...tail];
  return all.every((word) => /^[0-9a-f]{1,4}$/i.test(word)) ? all.map((word) => Number.parseInt(word, 16)) : undefined;
}

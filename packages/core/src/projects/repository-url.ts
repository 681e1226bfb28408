import { printable } from '../names/name.ts';
import { isPrivateAddress } from '../names/private-networks.ts';
import { fail, ok, type Result } from '../result/result.ts';

/** A repository address that git may be given: no credentials in it, no transport but these three. */
export type RepositoryUrl = Readonly<{
  /** The argument for git; never starts with "-". */
  url: string;
  transport: 'https' | 'http' | 'ssh';
  /** Lower case, without port and without the brackets of an IPv6 address. */
  host: string;
  /**
   * `user:password` (or only one of them) of an http(s) address, percent-decoded: to be sealed and stored separately.
   */
  credentials?: string;
}>;

/** How addresses are judged. `allowHosts`: host names or addresses that may be used although they are private. */
export type RepositoryUrlRules = Readonly<{ allowHosts?: readonly string[] }>;

const FIX = 'Use an https://, http:// or ssh:// address, or git@host:path.';

/**
 * Parses a repository address from a user or a webhook. Everything that git would read as an option, as a remote helper
 * (`ext::`), or as a path of this machine is refused, and so are addresses of this machine and of private networks. A
 * public name that resolves to a private address cannot be detected here: the fetch checks that again.
 */
export function parseRepositoryUrl(text: string, rules: RepositoryUrlRules = {}): Result<RepositoryUrl> {
  const refuse = (why: string) =>
    fail('source_refused', `"${printable(withoutCredentials(text))}" is not a supported repository address`, FIX, why);
  if (text.length === 0 || text.length > 2048) return refuse('It is empty or longer than 2,048 characters.');
  if (/[^\x21-\x7e]/.test(text)) return refuse('It has spaces, control characters or characters outside ASCII.');
  if (text.startsWith('-')) return refuse('It starts with "-", which git would read as an option.');
  if (/[\\"'`<>|^{}$;]/.test(text)) return refuse('It has a character that is not allowed in a repository address.');
  const parsed = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? parseUrl(text) : parseScp(text);
  if (typeof parsed === 'string') return refuse(parsed);
  const allowed = rules.allowHosts?.some((host) => bare(host) === parsed.host) ?? false;
  if (!allowed && isPrivateHost(parsed.host)) {
    return fail(
      'source_refused',
      `${parsed.host} is an address of this machine or of a private network`,
      'Use a public address, or ask the operator to allow this host (./up --allow-git-host).',
    );
  }
  return ok(parsed);
}

function parseUrl(text: string): RepositoryUrl | string {
  const transport = /^(https|http|ssh):\/\//i.exec(text)?.[1]?.toLowerCase();
  if (transport !== 'https' && transport !== 'http' && transport !== 'ssh')
    return 'Only https, http and ssh are allowed.';
  if (!URL.canParse(text)) return 'It is not a valid address.';
  const url = new URL(text);
  const host = bare(url.hostname);
  if (!isHost(host)) return 'Its host is not a host name.';
  if (url.search !== '' || url.hash !== '') return 'It has a query or a fragment.';
  const path = decode(url.pathname);
  if (path === undefined || path.includes('::') || !isPath(path.replace(/^\/+/, '')))
    return 'Its path is not a repository path.';
  const user = decode(url.username);
  const password = decode(url.password);
  if (user === undefined || password === undefined || /[\x00-\x1f\x7f]/.test(user + password))
    return 'Its user name or password cannot be read.';
  const authority = `${url.hostname}${url.port === '' ? '' : `:${url.port}`}`;
  if (transport === 'ssh') {
    if (password !== '') return 'ssh addresses take no password.';
    if (user !== '' && !isUser(user)) return 'Its user name is not one.';
    return { url: `ssh://${user === '' ? '' : `${user}@`}${authority}${url.pathname}`, transport, host };
  }
  const plain: RepositoryUrl = { url: `${transport}://${authority}${url.pathname}`, transport, host };
  return user === '' && password === '' ? plain : { ...plain, credentials: `${user}:${password}` };
}

/** Parses `git@host:owner/name.git` as ssh://, so that one form reaches git. */
function parseScp(text: string): RepositoryUrl | string {
  if (text.includes('::')) return 'Remote helpers such as ext:: are not allowed.';
  const match = /^([^@:/]+)@([^@:/]+):([^:]*)$/.exec(text);
  const [, user, name, path] = match ?? [];
  if (user === undefined || name === undefined || path === undefined) return 'It is neither a URL nor git@host:path.';
  const host = bare(name);
  if (!isUser(user) || !isHost(host)) return 'Its user or host is not one.';
  if (path.startsWith('-') || /[%?#]/.test(path) || !isPath(path.replace(/^\/+/, '')))
    return 'Its path is not a repository path.';
  return { url: `ssh://${user}@${host}/${path.replace(/^\/+/, '')}`, transport: 'ssh', host };
}

const bare = (host: string): string =>
  host
    .toLowerCase()
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '');
const isUser = (text: string): boolean => /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/.test(text);
const isHost = (text: string): boolean =>
  text.length <= 253 && (/^[a-z0-9_](?:[a-z0-9._-]*[a-z0-9])?$/.test(text) || /^[0-9a-f:.]*:[0-9a-f:.]*$/.test(text));
const isPath = (text: string): boolean =>
  text !== '' &&
  !text.startsWith('-') &&
  !/[\x00-\x1f\x7f\\]/.test(text) &&
  !text.split('/').some((part) => part === '..' || part === '.');

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** Removes credentials for messages: anything before the last "@" of the authority may be a password. */
const withoutCredentials = (text: string): string => text.replace(/^([a-z+.-]*:\/\/)[^/]*@/i, '$1');

/** Returns whether a name or a literal address means this machine or a private network. */
export function isPrivateHost(host: string): boolean {
  const name = bare(host);
  if (name === 'localhost' || name.endsWith('.localhost') || name.endsWith('.local') || name.endsWith('.internal'))
    return true;
  return isPrivateAddress(name);
}

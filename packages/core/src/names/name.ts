import { fail, ok, type Result } from '../result/result.ts';

declare const brand: unique symbol;
type Brand<B extends string> = string & { readonly [brand]: B };

/** A project's name: a DNS label of 1 to 40 characters, so that it fits every host name made from it. */
export type ProjectName = Brand<'ProjectName'>;
/** A git branch name as git itself allows it, and never one that a command line could read as an option. */
export type BranchName = Brand<'BranchName'>;
/** A full commit id: 40 (SHA-1) or 64 (SHA-256) hex digits. */
export type CommitSha = Brand<'CommitSha'>;
/** `production`, `preview` or a named stage; a DNS label of at most 32 characters. */
export type EnvironmentName = Brand<'EnvironmentName'>;
/** A host name, lower case, without port. */
export type HostName = Brand<'HostName'>;
/** An environment variable's name as POSIX writes it. */
export type VariableName = Brand<'VariableName'>;
/** A domain in lower case and ASCII (IDN as punycode), without trailing dot; a wildcard starts with `*.`. */
export type DomainName = Brand<'DomainName'>;

const LABEL = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/;

export function parseProjectName(text: string): Result<ProjectName> {
  if (text.length <= 40 && LABEL.test(text) && !text.includes('--')) return ok(text as ProjectName);
  return fail(
    'invalid_input',
    `"${printable(text)}" is not a project name`,
    'Use 1 to 40 of a–z, 0–9 and single "-", starting and ending with a letter or digit.',
  );
}

/** Parses a branch name by the rules of git-check-ref-format(1), and without a leading "-". */
export function parseBranchName(text: string): Result<BranchName> {
  const bad =
    text.length === 0 ||
    text.length > 244 ||
    text.startsWith('-') ||
    text.startsWith('/') ||
    text.endsWith('/') ||
    text.endsWith('.') ||
    text === '@' ||
    text.includes('..') ||
    text.includes('//') ||
    text.includes('@{') ||
    hasControl(text) ||
    /[ ~^:?*[\\]/.test(text) ||
    text.split('/').some((part) => part.startsWith('.') || part.endsWith('.lock'));
  if (!bad) return ok(text as BranchName);
  return fail(
    'invalid_input',
    `"${printable(text)}" is not a branch name`,
    'Use a name that git check-ref-format accepts and that does not start with "-".',
  );
}

export function parseCommitSha(text: string): Result<CommitSha> {
  if (/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(text)) return ok(text as CommitSha);
  return fail(
    'invalid_input',
    `"${printable(text)}" is not a commit id`,
    'Give the full commit id: 40 or 64 hex digits in lower case.',
  );
}

export function parseEnvironmentName(text: string): Result<EnvironmentName> {
  if (text.length <= 32 && LABEL.test(text)) return ok(text as EnvironmentName);
  return fail(
    'invalid_input',
    `"${printable(text)}" is not an environment name`,
    'Use production, preview, or a stage name of 1 to 32 of a–z, 0–9 and "-".',
  );
}

export function parseVariableName(text: string): Result<VariableName> {
  if (/^[A-Za-z_][A-Za-z0-9_]{0,254}$/.test(text)) return ok(text as VariableName);
  return fail(
    'invalid_input',
    `"${printable(text)}" is not a variable name`,
    'Use letters, digits and "_", not starting with a digit.',
  );
}

/** Parses a Host header or a host name: the port is cut off, case is folded. */
export function parseHostName(text: string): Result<HostName> {
  const host = text
    .trim()
    .toLowerCase()
    .replace(/:\d{1,5}$/, '')
    .replace(/\.$/, '');
  if (
    host.length > 0 &&
    host.length <= 253 &&
    host.split('.').every((label) => label.length <= 63 && /^[a-z0-9](?:[a-z0-9_-]*[a-z0-9])?$/.test(label))
  )
    return ok(host as HostName);
  return fail('invalid_input', `"${printable(text)}" is not a host name`, 'Use a host name such as app.example.com.');
}

/** Returns the wildcard over a host: `*.example.com` for `a.example.com`; undefined for a host of one label. */
export function wildcardOver(host: HostName): HostName | undefined {
  const dot = host.indexOf('.');
  return dot < 0 ? undefined : (`*${host.slice(dot)}` as HostName);
}

export const PRODUCTION = 'production' as EnvironmentName;
export const PREVIEW = 'preview' as EnvironmentName;

/**
 * Converts a branch to a DNS label part: `feat/Login_2` → `feat-login-2`. At most `max` characters; different branches
 * may collide, see `aliases/host.ts`.
 */
export function branchSlug(branch: string, max = 60): string {
  const slug = branch
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, max)
    .replace(/-+$/, '');
  return slug === '' ? 'branch' : slug;
}

function hasControl(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x20 || code === 0x7f) return true;
  }
  return false;
}

/** Makes text from outside safe for an error message: without control characters, at most 80 characters. */
export function printable(text: string): string {
  let out = '';
  for (const char of text.slice(0, 80)) out += hasControl(char) ? '�' : char;
  return text.length > 80 ? `${out}…` : out;
}

import { isDeployKey } from '@anchor/core/projects/deploy-key.ts';
import { isOrdinary } from '@anchor/core/logs/ordinary.ts';

/** A value that must not be in a file for browsers, with the variables that hold it. */
export type ScannedSecret = Readonly<{ value: string; names: readonly string[] }>;

/** Frameworks put what has such a name into scripts for browsers: that is what the name is for. */
const PUBLIC = /^(?:NEXT_PUBLIC_|VITE_|PUBLIC_|REACT_APP_|NUXT_PUBLIC_|GATSBY_|EXPO_PUBLIC_)/;

/**
 * Returns the secrets of a build that must not leave the server: all but those meant for browsers, and but for the user
 * of the git `credentials`, whose name is part of many links to the repository.
 */
export function secretsToScan(
  secrets: readonly string[],
  variables: Readonly<Record<string, string>>,
  credentials?: string,
): readonly ScannedSecret[] {
  const user = credentials === undefined ? undefined : userOf(credentials);
  const names = new Map<string, string[]>();
  for (const [name, value] of Object.entries(variables)) names.set(value, [...(names.get(value) ?? []), name]);
  return [...new Set(secrets)]
    .filter((value) => !isOrdinary(value))
    .map((value) => ({ value, names: names.get(value) ?? [] }))
    .filter(({ value, names }) => !names.some((name) => PUBLIC.test(name)) && (value !== user || names.length > 0));
}

/**
 * Returns the part of `user:password` that is no secret. A token alone is in the place of the user, with a well-known
 * password.
 */
function userOf(credentials: string): string | undefined {
  if (isDeployKey(credentials)) return undefined;
  const colon = credentials.indexOf(':');
  const password = colon === -1 ? '' : credentials.slice(colon + 1);
  return password === '' || password === 'x-oauth-basic' ? password : credentials.slice(0, colon);
}

const HTML: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/**
 * Returns a value in each encoding that a file may hold it in: plain, and as scripts, JSON, HTML and URLs write it.
 * Most values have one; a connection string with "&" has several. Whitespace around the value is not part of it.
 */
export function encodingsOf(value: string): readonly string[] {
  const plain = value.trim();
  const json = JSON.stringify(plain).slice(1, -1);
  // In scripts of a page, so that none can end the script.
  const inScript = json.replace(/[&<>]/g, (letter) => `\\u00${letter.charCodeAt(0).toString(16)}`);
  const html = plain.replace(/[&<>"']/g, (letter) => HTML[letter] ?? letter);
  const forms = [
    plain,
    json,
    inScript,
    html,
    html.replaceAll('&#39;', '&#x27;'),
    html.replaceAll('&#39;', "'"),
    plain.replace(/[&<>]/g, (letter) => HTML[letter] ?? letter),
    addressOf(plain),
  ];
  // Text of a script that is itself text of a script, as payloads of pages are.
  for (const text of [json, inScript]) forms.push(JSON.stringify(text).slice(1, -1));
  return [...new Set(forms)];
}

function addressOf(text: string): string {
  try {
    return encodeURIComponent(text);
  } catch {
    return text; // half a letter
  }
}

/** Returns the names of the variables that hold the secret, such as "DATABASE_URL". */
export const displayName = ({ names }: ScannedSecret): string =>
  names.length === 0 ? 'a secret that the build was not given' : names.join(' or ');

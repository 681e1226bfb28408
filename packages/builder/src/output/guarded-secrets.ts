/** A value that no file for browsers may hold, with the variables that have it. */
export type GuardedSecret = Readonly<{ value: string; names: readonly string[] }>;

/** Shorter ones occur by chance. */
const SHORTEST = 8;
/** Frameworks put what has such a name into scripts for browsers: that is what the name is for. */
const PUBLIC = /^(?:NEXT_PUBLIC_|VITE_|PUBLIC_|REACT_APP_|NUXT_PUBLIC_|GATSBY_|EXPO_PUBLIC_)/;
/** Words of every bundle, which people keep in variables too. */
const ORDINARY = new Set(['production', 'development', 'localhost', 'undefined', '127.0.0.1']);

/**
 * The secrets of a build that must not leave the server: all but those that are meant for browsers, and but for the user
 * of the git `credentials`, whose name stands in many a link to the repository.
 */
export function guardedSecrets(secrets: readonly string[], variables: Readonly<Record<string, string>>, credentials?: string): readonly GuardedSecret[] {
  const user = credentials === undefined ? undefined : userOf(credentials);
  const names = new Map<string, string[]>();
  for (const [name, value] of Object.entries(variables)) names.set(value, [...(names.get(value) ?? []), name]);
  return [...new Set(secrets)]
    .filter((value) => value.trim().length >= SHORTEST && !ORDINARY.has(value.trim()))
    .map((value) => ({ value, names: names.get(value) ?? [] }))
    .filter(({ value, names }) => !names.some((name) => PUBLIC.test(name)) && (value !== user || names.length > 0));
}

/** The part of `user:password` that is no secret. A token alone stands where the user does, with a password that everybody knows. */
function userOf(credentials: string): string {
  const colon = credentials.indexOf(':');
  const password = colon === -1 ? '' : credentials.slice(colon + 1);
  return password === '' || password === 'x-oauth-basic' ? password : credentials.slice(0, colon);
}

const HTML: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/**
 * As it would stand in a file: as it is, and as scripts, JSON, pages and addresses write it. Most values have one form;
 * a connection string with "&" in it has several, and a page holds none but its own. Space around it is no part of it.
 */
export function spellings(value: string): readonly string[] {
  const plain = value.trim();
  const json = JSON.stringify(plain).slice(1, -1);
  // In scripts of a page, so that none can end the script.
  const inScript = json.replace(/[&<>]/g, (letter) => `\\u00${letter.charCodeAt(0).toString(16)}`);
  const html = plain.replace(/[&<>"']/g, (letter) => HTML[letter] ?? letter);
  const forms = [plain, json, inScript, html, html.replaceAll('&#39;', '&#x27;'), html.replaceAll('&#39;', "'"), plain.replace(/[&<>]/g, (letter) => HTML[letter] ?? letter), addressOf(plain)];
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

/** "DATABASE_URL", or what it is when no variable of the build has it. */
export const called = ({ names }: GuardedSecret): string => (names.length === 0 ? 'a secret that the build was not given' : names.join(' or '));

import { matchesGlob } from '../names/glob.ts';
import { fail, ok, type Result } from '../result/result.ts';

const MAX_PATHS = 64;
const MAX_LENGTH = 256;

/**
 * Parses watch paths in their common spellings: `apps/web`, `apps/web/`, `/apps/web/**` and `./apps/web/**` all mean
 * the folder; one text may list several with commas or braces; `!` excludes. Returns them in one spelling, at most 64.
 * Refuses what can match no file of a repository.
 */
export function parseWatchPaths(texts: readonly string[]): Result<readonly string[]> {
  const parsed: string[] = [];
  for (const text of texts) {
    for (const item of splitList(text)) {
      const path = normalize(item);
      if (path === undefined) return refuse(item.trim(), 'it is not a path inside the repository');
      if (parsed.length === MAX_PATHS)
        return fail(
          'invalid_input',
          `There are more than ${MAX_PATHS} watch paths`,
          'Name folders instead of files: --path apps/web.',
        );
      parsed.push(path);
    }
  }
  const lost = parsed.find(
    (path, i) =>
      !path.startsWith('!') &&
      parsed.slice(i + 1).some((later) => later.startsWith('!') && covers(later.slice(1), path)),
  );
  if (lost !== undefined) return refuse(lost, 'a later path that starts with "!" excludes all of it');
  return ok(parsed);
}

const refuse = (path: string, why: string): ReturnType<typeof fail> =>
  fail(
    'invalid_input',
    `The watch path ${JSON.stringify(path.slice(0, 80))} can match nothing`,
    'Write paths from the root of the repository, such as: --path apps/web --path package.json',
    why,
  );

/**
 * Steps of comparing that one push may take, about half a second: a change of so many files counts as one that touches.
 */
const MAX_STEPS = 50_000_000;

/**
 * Returns whether one of the files is watched. The last path that matches a file decides; with exclusions alone all
 * other files are watched. A path matches a file, and all files below a folder that it matches. Bounded in work: what
 * is beyond the bound counts as watched.
 */
export function watches(paths: readonly string[], files: readonly string[]): boolean {
  const known = paths
    .flatMap(splitList)
    .map(normalize)
    .filter((path) => path !== undefined)
    .map(compile);
  const otherwise = known.every(({ excluded }) => excluded);
  let steps = 0;
  return files.some((file) => {
    let watched = otherwise;
    for (const { excluded, pattern, plain, whole } of known) {
      if (watched !== excluded) continue;
      steps += 1;
      if (!file.startsWith(plain)) continue;
      if (!whole) steps += 2 * pattern.length * file.length;
      if (steps > MAX_STEPS) return true;
      if (
        whole
          ? file.length === plain.length || file[plain.length] === '/'
          : matchesGlob(pattern, file) || matchesGlob(`${pattern}/**`, file)
      )
        watched = !excluded;
    }
    return watched;
  });
}

/** Compiles a watch path. `plain`: the part before the first wildcard; `whole`: there is no wildcard. */
function compile(path: string): Readonly<{ excluded: boolean; pattern: string; plain: string; whole: boolean }> {
  const excluded = path.startsWith('!');
  const pattern = excluded ? path.slice(1) : path;
  const [plain = ''] = /^[^*?]*/.exec(pattern) ?? [];
  // `a/**` matches `a` itself too, when it is tested as a folder: the slash is left to the wildcard.
  return { excluded, pattern, plain: plain === pattern ? plain : plain.replace(/\/$/, ''), whole: plain === pattern };
}

/** Splits at commas outside of braces, and expands the braces: `{apps,libs}/a, b` has three items. */
function splitList(text: string): readonly string[] {
  const items: string[] = [];
  let depth = 0;
  let start = 0;
  for (let i = 0; i <= text.length; i++) {
    const char = text.charAt(i);
    if (char === '{') depth++;
    else if (char === '}') depth = Math.max(0, depth - 1);
    else if (i === text.length || ((char === ',' || char === '\n') && depth === 0)) {
      items.push(text.slice(start, i));
      start = i + 1;
    }
  }
  return items.filter((item) => item.trim() !== '').flatMap((item) => expand(item, MAX_PATHS + 1));
}

/** Expands the first innermost braces until none are left, into at most `most` items. */
function expand(text: string, most: number): readonly string[] {
  let items: readonly string[] = [text];
  for (;;) {
    const braces = items.map((item) => ({ item, found: /\{([^{}]*)\}/.exec(item) }));
    if (braces.every(({ found }) => found === null)) return items;
    items = braces
      .flatMap(({ item, found }) =>
        found === null
          ? [item]
          : (found[1] ?? '')
              .split(',')
              .map((choice) => item.slice(0, found.index) + choice + item.slice(found.index + found[0].length)),
      )
      .slice(0, most);
  }
}

/** Returns the text without quotes around it, which no shell has removed in an environment file or a form. */
function unquoted(text: string): string {
  const inner = /^(["'])(.*)\1$/s.exec(text)?.[2]?.trim();
  return inner === undefined ? text : unquoted(inner);
}

/** Returns the one spelling of a path, with its `!`; undefined when it names nothing inside a repository. */
function normalize(item: string): string | undefined {
  const text = unquoted(item.trim());
  const excluded = text.startsWith('!');
  const given = unquoted(excluded ? text.slice(1).trim() : text);
  if (
    given === '' ||
    given.length > MAX_LENGTH ||
    given.includes('\\') ||
    given.includes('://') ||
    /\p{Cc}/u.test(given)
  )
    return undefined;
  const segments = given
    .split('/')
    .map((segment) => segment.trim())
    .filter((segment) => segment !== '' && segment !== '.');
  const joined = segments.join('/');
  if (unquoted(joined) !== joined) return normalize(`${excluded ? '!' : ''}${unquoted(joined)}`);
  // Places outside of a repository: the directory of a user, a disk, a variable that no shell has replaced.
  if (segments.includes('..') || /^(?:!|(?:~|[A-Za-z]:|\$[A-Z_]+)(?:\/|$))/.test(joined)) return undefined;
  // `apps/web/**` and `apps/web` are the same files.
  while (segments.length > 1 && segments.at(-1) === '**') segments.pop();
  return `${excluded ? '!' : ''}${segments.length === 0 ? '**' : segments.join('/')}`;
}

/**
 * Returns whether every file that `path` can match is in the folder `folder`; only folders without wildcards are
 * judged.
 */
const covers = (folder: string, path: string): boolean =>
  folder === '**' || (!/[*?]/.test(folder) && (path === folder || path.startsWith(`${folder}/`)));

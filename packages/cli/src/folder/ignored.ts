import ignore, { type Ignore } from 'ignore';
import { join } from 'node:path';

/** The rules of one ignore file; they apply to paths below its folder. */
export type Rules = Readonly<{ folder: string; matcher: Ignore }>;

/**
 * Never sent, even when the ignore files include it: files that can be regenerated, git's own data, and files that hold
 * a user's secrets.
 */
const ALWAYS = ['.git', '.anchor', 'node_modules', '.next', '.env.local', '.env.*.local', '.DS_Store'];
const FILES = ['.gitignore', '.anchorignore'];

/**
 * Reads the ignore files of a folder; `.anchorignore` comes last, so that it can bring back what `.gitignore` leaves
 * out.
 */
export async function rulesOf(
  path: string,
  folder: string,
  read: (file: string) => Promise<string | undefined>,
): Promise<readonly Rules[]> {
  const texts = await Promise.all(FILES.map((file) => read(join(path, file))));
  const lines = texts.filter((text) => text !== undefined);
  return lines.length === 0 ? [] : [{ folder, matcher: ignore().add(lines.join('\n')) }];
}

const always = ignore().add(ALWAYS);

/** Decides as git does: the deepest file with a rule for a path wins. */
export function isIgnored(rules: readonly Rules[], path: string, directory: boolean): boolean {
  const suffix = directory ? '/' : '';
  if (always.ignores(path + suffix)) return true;
  let ignored = false;
  for (const { folder, matcher } of rules) {
    const below = folder === '' ? path : path.slice(folder.length + 1);
    const match = matcher.test(below + suffix);
    if (match.ignored) ignored = true;
    else if (match.unignored) ignored = false;
  }
  return ignored;
}

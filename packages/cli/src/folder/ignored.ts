import ignore, { type Ignore } from 'ignore';
import { join } from 'node:path';

/** The rules of one ignore file; they hold for paths below the folder that it lies in. */
export type Rules = Readonly<{ folder: string; matcher: Ignore }>;

/** Never sent, whatever the ignore files say: what is made anew, git's own data, and files that hold a person's secrets. */
const ALWAYS = ['.git', '.anchor', 'node_modules', '.next', '.env.local', '.env.*.local', '.DS_Store'];
const FILES = ['.gitignore', '.anchorignore'];

/** Reads the ignore files of a folder; `.anchorignore` comes last, so that it can bring back what `.gitignore` leaves out. */
export async function rulesOf(path: string, folder: string, read: (file: string) => Promise<string | undefined>): Promise<readonly Rules[]> {
  const texts = await Promise.all(FILES.map((file) => read(join(path, file))));
  const lines = texts.filter((text) => text !== undefined);
  return lines.length === 0 ? [] : [{ folder, matcher: ignore().add(lines.join('\n')) }];
}

const always = ignore().add(ALWAYS);

/** As git decides: the deepest file that says something about a path wins. */
export function isIgnored(rules: readonly Rules[], path: string, directory: boolean): boolean {
  const suffix = directory ? '/' : '';
  if (always.ignores(path + suffix)) return true;
  let ignored = false;
  for (const { folder, matcher } of rules) {
    const below = folder === '' ? path : path.slice(folder.length + 1);
    const answer = matcher.test(below + suffix);
    if (answer.ignored) ignored = true;
    else if (answer.unignored) ignored = false;
  }
  return ignored;
}

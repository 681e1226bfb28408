import { describeIssue } from '@anchor/core/result/issue.ts';
import { isTooDeep, MAX_TREE_DEPTH, treeSchema, type Tree } from '@anchor/core/artifact/tree.ts';
import { printable } from '@anchor/core/names/name.ts';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';

const MAX_ENTRIES = 200_000;

/**
 * Parses a tree blob. Refuses (`artifact_invalid`) what could leave the tree or write one file over another: absolute
 * paths, `.` and `..` parts, empty parts, NUL, more than {@link MAX_TREE_DEPTH} folders, a duplicate path, a path below
 * a file or below a link, and links that point outside or turn upwards after a name.
 */
export function parseTree(bytes: Uint8Array): Result<Tree> {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return refuse('it is not JSON');
  }
  const parsed = treeSchema.safeParse(json);
  if (!parsed.success) return refuse(describeIssue(parsed.error.issues[0]) ?? 'it does not match the schema');
  const { entries } = parsed.data;
  if (entries.length > MAX_ENTRIES) return refuse(`it has more than ${MAX_ENTRIES} files`);
  const seen = new Set<string>();
  for (const { path } of entries) {
    if (!isInside(path)) return refuse(`"${printable(path)}" is not a relative path inside it`);
    if (isTooDeep(path)) return refuse(`a file is more than ${MAX_TREE_DEPTH} folders deep`);
    if (seen.has(path)) return refuse(`"${printable(path)}" is in it twice`);
    seen.add(path);
  }
  for (const entry of entries) {
    for (let slash = entry.path.indexOf('/'); slash !== -1; slash = entry.path.indexOf('/', slash + 1)) {
      if (seen.has(entry.path.slice(0, slash))) return refuse(`"${printable(entry.path)}" is below a file or a link`);
    }
    if ('link' in entry && !pointsInside(entry.path, entry.link))
      return refuse(`the link "${printable(entry.path)}" points outside`);
  }
  return ok(parsed.data);
}

/** Returns whether a path is relative and has only plain parts. */
export const isInside = (path: string): boolean =>
  path.length > 0 &&
  path.length <= 4096 &&
  !path.includes('\0') &&
  path.split('/').every((part) => part !== '' && part !== '.' && part !== '..' && part.length <= 255);

function pointsInside(path: string, link: string): boolean {
  if (link === '' || link.length > 4096 || link.startsWith('/') || link.includes('\0')) return false;
  const parts = link.split('/').filter((part) => part !== '' && part !== '.');
  const ups = parts.filter((part) => part === '..').length;
  // Upwards first: above the target of another link, the text does not name the real folder.
  return parts.lastIndexOf('..') < ups && ups < path.split('/').length;
}

const refuse = (why: string): Result<never> =>
  fail(
    'artifact_invalid',
    "The function's file list is not valid",
    'Deploy again; if it happens again, the build output is at fault.',
    why,
  );

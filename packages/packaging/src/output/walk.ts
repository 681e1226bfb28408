import { readdir } from 'node:fs/promises';
import { anchorError } from '@anchor/core/result/result.ts';
import { resolveInTree, type ResolvedEntry } from '../checkout/checkout-fs.ts';
import { ArtifactError } from './artifact-store.ts';

/** A file or link of an output folder: `relative` to that folder. Links are given as what they lead to. */
export type Walked = Readonly<{ relative: string; found: ResolvedEntry }>;

const MAX_DEPTH = 64;
/** Links can make few folders look like millions: the walk ends before memory does. */
const MAX_ENTRIES = 500_000;

/**
 * Yields every file below `folder` (relative to the tree's root). Links are followed while they stay in the tree; a
 * link that leaves it, or a special file, refuses the output.
 */
export async function walkOutput(
  root: string,
  folder: string,
  skip: (relative: string) => boolean = () => false,
): Promise<readonly Walked[]> {
  const out: Walked[] = [];
  let entries = 0;
  const walkDirectory = async (
    directory: ResolvedEntry,
    relative: string,
    above: ReadonlySet<number>,
  ): Promise<void> => {
    if (above.has(directory.inode) || above.size > MAX_DEPTH)
      return refuse(relative, 'It contains itself through links, or is too deep.');
    const inside = new Set(above).add(directory.inode);
    for (const entry of await readdir(directory.absolute, { withFileTypes: true })) {
      const path = relative === '' ? entry.name : `${relative}/${entry.name}`;
      if (skip(path)) continue;
      if (++entries > MAX_ENTRIES) refuse(path, `The folder has more than ${MAX_ENTRIES} entries.`);
      const found = await resolveInTree(root, directory.path === '' ? entry.name : `${directory.path}/${entry.name}`);
      if (found === undefined && entry.name.includes('\uFFFD'))
        refuse(
          path,
          'Its name is not UTF-8, so no address leads to it.',
          'Rename the file, commit it, and push again.',
        );
      else if (found === undefined) refuse(path, 'It is a link that leaves the project or leads nowhere, or a device.');
      else if (found.kind === 'directory') await walkDirectory(found, path, inside);
      else out.push({ relative: path, found });
    }
  };
  const start = await resolveInTree(root, folder);
  if (start?.kind === 'directory') await walkDirectory(start, '', new Set());
  return out;
}

function refuse(path: string, why: string, fix = 'Let the build write plain files, or remove the link.'): void {
  throw new ArtifactError(anchorError('output_refused', `"${path}" cannot be part of the output`, fix, why));
}

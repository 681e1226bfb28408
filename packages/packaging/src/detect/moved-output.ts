import { readdir } from 'node:fs/promises';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';
import { resolveInTree } from '../checkout/checkout-fs.ts';
import { findServer, servedBy } from './built-server.ts';
import type { BuiltServer } from './frameworks.ts';
import { at } from './output-folders.ts';
import type { Plan } from './plan.ts';
import type { Settled } from './settled.ts';
import { shellWord } from './shell-word.ts';
import { sitesOf, writtenFolders } from './written-folders.ts';

/** Finds the output in another folder than the tool's usual one. Undefined when the build wrote none. */
export async function settleElsewhere(
  root: string,
  project: string,
  { known, output }: Plan,
  since: number,
): Promise<Result<Settled> | undefined> {
  const folders = await writtenFolders(root, project, since);
  for (const { path } of folders) {
    const candidates = (known?.servers ?? []).flatMap((candidate) => movedTo(path, candidate) ?? []);
    const found = await findServer(root, project, candidates);
    const entry = found === undefined ? undefined : await resolveInTree(root, at(project, found.entry));
    if (found !== undefined && entry !== undefined && entry.mtimeMs >= since) return ok(servedBy(found, known?.name));
  }
  const files = output.kind === 'files' ? output : output.kind === 'server' ? output.files : undefined;
  const sites = files === undefined ? [] : sitesOf(folders);
  const [site] = sites;
  if (files === undefined || site === undefined) return undefined;
  const around = await usualAround(root, project, files.directories, sites);
  if (around !== undefined || sites.length > 1)
    return fail(
      'output_missing',
      around === undefined
        ? 'The build wrote several sites'
        : `The build wrote no index.html into ${around}, but into folders of it`,
      `Name the folder of the site: anchor projects update --output ${shellWord(site)}${around === undefined ? '' : ` (or ${shellWord(around)}, where its pages need the files beside it)`}`,
      `An index.html is in ${sites.slice(0, 8).join(', ')}.`,
    );
  return ok({
    output: { kind: 'files', spa: files.spa, directories: [site] },
    framework: files.spa ? 'spa' : 'static',
    because: `the build wrote an index.html into ${site}`,
  });
}

/** Returns the usual folder that all sites are in, when it holds something beside them: assets or a server's code. */
async function usualAround(
  root: string,
  project: string,
  directories: readonly string[],
  sites: readonly string[],
): Promise<string | undefined> {
  for (const usual of directories) {
    if (!sites.every((site) => site.startsWith(`${usual}/`))) continue;
    const folder = await resolveInTree(root, at(project, usual));
    if (folder?.kind === 'directory' && (await readdir(folder.absolute)).length > 1) return usual;
  }
  return undefined;
}

/** Returns a server of a framework in another output folder; undefined where its entry alone would say nothing. */
function movedTo(folder: string, candidate: BuiltServer): BuiltServer | undefined {
  const [usual = ''] = candidate.entry.split('/');
  const moved = (path: string): string =>
    path === usual ? folder : path.startsWith(`${usual}/`) ? `${folder}${path.slice(usual.length)}` : path;
  const { whole, assets, beside } = candidate;
  const proof = beside ?? (whole === undefined ? assets : `${whole}/nitro.json`);
  if (proof === undefined || moved(proof) === proof) return undefined;
  return {
    ...candidate,
    entry: moved(candidate.entry),
    beside: moved(proof),
    ...(candidate.folder === undefined ? {} : { folder: moved(candidate.folder) }),
    ...(whole === undefined ? {} : { whole: moved(whole) }),
    ...(assets === undefined ? {} : { assets: moved(assets) }),
  };
}

import { readdir } from 'node:fs/promises';
import type { StaticFile, WebComponent } from '@anchor/core/artifact/manifest.ts';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';
import { findInside } from '../run/inside.ts';
import { inParallel, packaged, type ArtifactStore } from './artifact-store.ts';
import { walkOutput } from './walk.ts';

export type FilesOutput = Readonly<{ root: string; project: string; directories: readonly string[]; spa: boolean; framework: 'static' | 'spa' | 'nextjs' }>;

/** Names that no visitor needs, wherever they lie in a served folder. */
const HIDDEN = /(?:^|\/)(?:\.git|node_modules|\.npmrc|\.env(?:\.[^/]*)?|\.DS_Store|\.svn|\.hg)(?:\/|$)/;
/** `index-BxZ31kq9.js`, `main.4f3a2b1c.css`, `chunk-ABCDEF12.mjs`: names that hold a hash of the content. */
const HASHED = /(?:^|\/)[^/]*[-.](?=[A-Za-z0-9_-]{8,24}\.)(?=[^./]*\d)[A-Za-z0-9_-]{8,24}\.(?:js|mjs|css|woff2?|ttf|otf|png|jpe?g|webp|avif|gif|svg|wasm|mp4|webm)$/;
/** Folders that build tools fill with hashed names only; a hash-like name elsewhere proves nothing. */
const HASHED_FOLDERS = /(?:^|\/)(?:assets|static|_astro|_app\/immutable|_nuxt|_next\/static|build\/_shared|chunks|js|css)\//;

/** A folder of files as a component: static site, or single-page application when `spa`. */
export async function packageFiles(output: FilesOutput, store: ArtifactStore): Promise<Result<WebComponent>> {
  const chosen = await outputFolder(output);
  if (!chosen.ok) return chosen;
  const files: Record<string, StaticFile> = {};
  const project = chosen.value === output.project && output.project === '';
  return packaged(async () => {
    const walked = await walkOutput(output.root, chosen.value, (path) => HIDDEN.test(path) || (project && (path === 'package.json' || path === 'package-lock.json')));
    await inParallel(walked, async ({ relative, found }) => {
      const url = `/${relative}`;
      if (url.length > 4096) return;
      const immutable = HASHED_FOLDERS.test(relative) && HASHED.test(relative);
      files[url] = await store.staticFile(found, url, { immutable });
    });
    const sorted = Object.fromEntries(Object.entries(files).sort(([a], [b]) => (a < b ? -1 : 1)));
    const notFound = sorted['/404.html'] !== undefined ? '/404.html' : sorted['/404/index.html'] !== undefined ? '/404/index.html' : undefined;
    const fallback = output.spa && notFound === undefined && sorted['/index.html'] !== undefined ? '/index.html' : sorted['/200.html'] !== undefined ? '/200.html' : undefined;
    const component: WebComponent = {
      kind: 'web', framework: { name: output.framework }, basePath: '', trailingSlash: false, files: sorted, prerenders: {},
      ...(notFound === undefined ? {} : { notFound }), ...(fallback === undefined ? {} : { fallback }),
    };
    return component;
  });
}

/** The first candidate with an index.html, or failing that a folder that was named by the user and has anything. */
async function outputFolder(output: FilesOutput): Promise<Result<string>> {
  const tried: string[] = [];
  for (const name of output.directories) {
    const folder = [output.project, name].filter((part) => part !== '' && part !== '.').join('/');
    tried.push(name);
    const found = await findInside(output.root, folder);
    if (found?.kind !== 'directory') continue;
    if ((await findInside(output.root, `${folder}/index.html`)) !== undefined || output.directories.length === 1) return ok(found.path);
    // Angular writes dist/<app>/browser, older versions dist/<app>.
    for (const nested of await nestedIndexes(output.root, folder)) return ok(nested);
  }
  return fail('output_missing', 'The build left no files to serve', 'Set the output directory of the project to where the build writes its index.html, or add a start script if it is a server.', `Looked for an index.html in ${tried.join(', ')}.`);
}

async function nestedIndexes(root: string, folder: string): Promise<readonly string[]> {
  const found = await findInside(root, folder);
  if (found === undefined) return [];
  const out: string[] = [];
  for (const name of (await readdir(found.absolute)).sort()) {
    for (const candidate of [`${found.path}/${name}/browser`, `${found.path}/${name}`]) {
      if ((await findInside(root, `${candidate}/index.html`))?.kind === 'file') out.push(candidate);
    }
  }
  return out;
}

import type { WebComponent } from '@anchor/protocol/artifact/web/component.ts';
import type { StaticFile } from '@anchor/protocol/artifact/web/files.ts';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';
import { readInTree, resolveInTree } from '../checkout/checkout-fs.ts';
import { siteRules } from '../site-rules/site-rules.ts';
import { readVercelJson } from '../site-rules/vercel-json.ts';
import { ArtifactError, inParallel, catchArtifactError, type ArtifactStore } from './artifact-store.ts';
import { basePathOfPage } from './base-path.ts';
import { tooMany } from './manifest-text.ts';
import { walkOutput, type Walked } from './walk.ts';

export type FilesOutput = Readonly<{
  root: string;
  project: string;
  directories: readonly string[];
  spa: boolean;
  framework: 'static' | 'spa' | 'nextjs';
}>;

/** Names that no client needs, wherever they are in a served folder. */
const HIDDEN =
  /(?:^|\/)(?:\.git|\.gitattributes|\.gitignore|\.gitmodules|\.lfsconfig|node_modules|\.npmrc|\.yarnrc(?:\.yml)?|\.yarn|\.env(?:rc|\.[^/]*)?|\.netrc|\.git-credentials|\.htpasswd|\.pgpass|\.ssh|\.aws|\.DS_Store|\.svn|\.hg)(?:\/|$)/;
/** Of a project whose own folder is served. */
const PROJECT_FILES =
  /^(?:package\.json|package-lock\.json|npm-shrinkwrap\.json|pnpm-lock\.yaml|pnpm-workspace\.yaml|yarn\.lock|vercel\.json|bun\.lockb?|bunfig\.toml|Procfile)$/;
/** `index-BxZ31kq9.js`, `main.4f3a2b1c.css`, `chunk-ABCDEF12.mjs`: names that hold a hash of the content. */
export const HASHED =
  /(?:^|\/)[^/]*[-.](?=[A-Za-z0-9_-]{8,24}\.)(?=[^./]*\d)[A-Za-z0-9_-]{8,24}\.(?:js|mjs|css|woff2?|ttf|otf|png|jpe?g|webp|avif|gif|svg|wasm|mp4|webm)$/;
/** Folders that build tools fill with hashed names only; a hash-like name elsewhere proves nothing. */
export const HASHED_FOLDERS =
  /(?:^|\/)(?:assets|static|_astro|_app\/immutable|_nuxt|_next\/static|build\/_shared|chunks|js|css)\//;

/** `notes`: what a user should know of how it is served. */
export type PackagedFiles = Readonly<{ component: WebComponent; notes: readonly string[] }>;

/** Packages a folder of files as a component: static site, or single-page application when `spa`. */
export async function packageFiles(output: FilesOutput, store: ArtifactStore): Promise<Result<PackagedFiles>> {
  const chosen = await outputFolder(output);
  if (!chosen.ok) return chosen;
  const config = await readVercelJson(output.root, output.project);
  if (!config.ok) return config;
  const rules = config.value === undefined ? ok(undefined) : siteRules(config.value);
  if (!rules.ok) return rules;
  const files: Record<string, StaticFile> = {};
  const project = chosen.value === output.project;
  return catchArtifactError(async () => {
    const walked = await walkOutput(
      output.root,
      chosen.value,
      (path) => HIDDEN.test(path) || (project && PROJECT_FILES.test(path)),
    );
    const many = tooMany(
      walked.map(({ relative }) => `/${relative}`),
      store.limits,
    );
    if (many !== undefined) throw new ArtifactError(many);
    // Rules of the project's own may lead from the base path to the files already.
    const basePath = rules.value === undefined ? await basePathOf(output.root, chosen.value, walked) : '';
    await inParallel(walked, async ({ relative, found }) => {
      const url = `${basePath}/${relative}`;
      if (url.length > 4096) return;
      const immutable = HASHED_FOLDERS.test(relative) && HASHED.test(relative);
      files[url] = await store.staticFile(found, url, { immutable });
    });
    const sorted = Object.fromEntries(Object.entries(files).sort(([a], [b]) => (a < b ? -1 : 1)));
    const notFound =
      sorted[`${basePath}/404.html`] !== undefined
        ? `${basePath}/404.html`
        : sorted[`${basePath}/404/index.html`] !== undefined
          ? `${basePath}/404/index.html`
          : undefined;
    const fallback =
      sorted[`${basePath}/__spa-fallback.html`] !== undefined
        ? `${basePath}/__spa-fallback.html`
        : output.spa && notFound === undefined && sorted[`${basePath}/index.html`] !== undefined
          ? `${basePath}/index.html`
          : sorted[`${basePath}/200.html`] !== undefined
            ? `${basePath}/200.html`
            : undefined;
    const component: WebComponent = {
      kind: 'web',
      framework: { name: output.framework },
      basePath,
      trailingSlash: rules.value?.trailingSlash ?? false,
      files: sorted,
      prerenders: {},
      ...(basePath === '' ? {} : { routing: homeAt(basePath) }),
      ...(notFound === undefined ? {} : { notFound }),
      ...(fallback === undefined ? {} : { fallback }),
      ...(rules.value === undefined ? {} : { routing: rules.value.routing }),
    };
    return { component, notes: rules.value?.notes ?? [] };
  });
}

/** Returns the base path that the home page was built for; '' where the output has a folder of that name already. */
async function basePathOf(root: string, folder: string, walked: readonly Walked[]): Promise<string> {
  const html = await readInTree(root, folder === '' ? 'index.html' : `${folder}/index.html`);
  if (html === undefined) return '';
  const files = new Set(walked.map(({ relative }) => `/${relative}`));
  const base = basePathOfPage(html, (url) => files.has(url));
  return base !== '' && walked.some(({ relative }) => `/${relative}`.startsWith(`${base}/`)) ? '' : base;
}

/** Leads from the root of the host to the site below its base path, as the preview server of Vite does. */
const homeAt = (basePath: string): WebComponent['routing'] => ({
  beforeMiddleware: [{ source: '/', sourceRegex: '^/$', status: 307, headers: { Location: `${basePath}/` } }],
  middlewareMatchers: [],
  beforeFiles: [],
  onMatch: [],
});

/** Returns the first candidate with an index.html, else a folder that the user named and that is not empty. */
async function outputFolder(output: FilesOutput): Promise<Result<string>> {
  const tried: string[] = [];
  for (const name of output.directories) {
    const folder = [output.project, name].filter((part) => part !== '' && part !== '.').join('/');
    tried.push(name);
    const found = await resolveInTree(output.root, folder);
    if (found?.kind !== 'directory') continue;
    if ((await resolveInTree(output.root, `${folder}/index.html`)) !== undefined || output.directories.length === 1)
      return ok(found.path);
  }
  return fail(
    'output_missing',
    'The build produced no files to serve',
    'Name the folder into which the build writes its index.html: anchor projects update --output dist (a server needs a start script instead)',
    `Looked for an index.html in ${tried.join(', ')}.`,
  );
}

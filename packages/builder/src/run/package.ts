import { readdir } from 'node:fs/promises';
import type { WebComponent } from '@anchor/core/artifact/manifest.ts';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';
import { packageNext } from '../next/package-next.ts';
import type { ArtifactStore } from '../output/artifact-store.ts';
import { packageFiles } from '../output/package-files.ts';
import { packageServer } from '../output/package-server.ts';
import { packageStandalone } from '../output/package-standalone.ts';
import { findInside, readJsonInside } from './inside.ts';
import type { Prepared } from './prepare.ts';
import type { Session } from './session.ts';

export type PackageInput = Readonly<{ session: Session; prepared: Prepared; store: ArtifactStore; nextVersion: string | undefined; traced: readonly string[] | undefined }>;

/** The finished output as a component. `distDir`: Next's output folder, relative to the project. */
export async function packageComponent(input: PackageInput): Promise<Result<Readonly<{ component: WebComponent; distDir: string }>>> {
  const { session, prepared, store, nextVersion } = input;
  const { plan, project } = prepared;
  const node = prepared.tools?.node.version ?? '';
  const root = session.work.source;
  const done = (result: Result<WebComponent>, distDir = '.next') => (result.ok ? ok({ component: result.value, distDir }) : result);
  if (plan.output.kind === 'files') return done(await packageFiles({ root, project, directories: plan.output.directories, spa: plan.output.spa, framework: plan.framework === 'spa' ? 'spa' : 'static' }, store));
  if (plan.output.kind === 'server') return done(await packageServer({ root, project, start: plan.output.start, traced: input.traced, node }, store));

  const described = await outputWith('anchor/build.json', root, project);
  if (described !== undefined) return done(await packageNext({ root, project, distDir: described, node }, store), described);
  const at = (path: string) => (project === '' ? path : `${project}/${path}`);
  const distDir = await outputWith('required-server-files.json', root, project);
  const exported = distDir === undefined ? undefined : await readJsonInside(root, at(`${distDir}/export-detail.json`));
  if ((distDir === undefined || exported !== undefined) && (await findInside(root, at('out/index.html'))) !== undefined) return done(await packageFiles({ root, project, directories: ['out'], spa: false, framework: 'nextjs' }, store), distDir);
  if (nextVersion === undefined || distDir === undefined) {
    return fail('output_missing', 'The Next.js build left nothing to serve', 'Let the build command run "next build", and set the root directory to the folder of the app.', 'No folder of the app has a required-server-files.json.');
  }
  return done(await packageStandalone({ root, project, distDir, node, version: nextVersion }, store), distDir);
}

/** Next's output folder, found by a file that only it has: the folder is the app's own choice. */
async function outputWith(file: string, root: string, project: string): Promise<string | undefined> {
  const folder = await findInside(root, project);
  if (folder === undefined) return undefined;
  const names = (await readdir(folder.absolute, { withFileTypes: true })).filter((entry) => entry.isDirectory() && entry.name !== 'node_modules').map((entry) => entry.name);
  for (const name of ['.next', ...names]) {
    if ((await findInside(root, [project, name, file].filter((part) => part !== '').join('/')))?.kind === 'file') return name;
  }
  return undefined;
}

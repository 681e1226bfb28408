import { readdir } from 'node:fs/promises';
import type { WebComponent } from '@anchor/core/artifact/manifest.ts';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';
import { packageNext } from '../next/package-next.ts';
import type { ArtifactStore } from '../output/artifact-store.ts';
import { packageFiles } from '../output/package-files.ts';
import { packageServer, packageStandalone } from '../output/package-server.ts';
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

  const distDir = await describedIn(root, project);
  if (distDir !== undefined) return done(await packageNext({ root, project, distDir, node }, store), distDir);
  const at = (path: string) => (project === '' ? path : `${project}/${path}`);
  const required = await readJsonInside(root, at('.next/required-server-files.json'));
  if (required === undefined && (await findInside(root, at('out/index.html'))) !== undefined) return done(await packageFiles({ root, project, directories: ['out'], spa: false, framework: 'nextjs' }, store));
  if (nextVersion === undefined || (await findInside(root, at('.next'))) === undefined) {
    return fail('output_missing', 'The Next.js build left no .next folder', 'Let the build command run "next build", and set the root directory to the folder of the app.');
  }
  return done(await packageStandalone({ root, project, distDir: '.next', node, version: nextVersion }, store));
}

/** Next's output folder, found by the description that our adapter left in it: the folder is the app's own choice. */
async function describedIn(root: string, project: string): Promise<string | undefined> {
  const folder = await findInside(root, project);
  if (folder === undefined) return undefined;
  const names = (await readdir(folder.absolute, { withFileTypes: true })).filter((entry) => entry.isDirectory() && entry.name !== 'node_modules').map((entry) => entry.name);
  for (const name of ['.next', ...names]) {
    if ((await findInside(root, [project, name, 'anchor', 'build.json'].filter((part) => part !== '').join('/')))?.kind === 'file') return name;
  }
  return undefined;
}

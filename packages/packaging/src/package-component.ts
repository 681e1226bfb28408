import { posix } from 'node:path';
import type { WebComponent } from '@anchor/protocol/artifact/web/component.ts';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';
import { packageNext } from './next/package-next.ts';
import type { Output } from './detect/settled.ts';
import type { Plan } from './detect/plan.ts';
import type { ArtifactStore } from './output/artifact-store.ts';
import { packageFiles, type PackagedFiles } from './output/package-files.ts';
import { packageServer, type ServerOutput } from './output/package-server.ts';
import { packageStandalone } from './output/package-standalone.ts';
import { resolveInTree, readJsonInTree } from './checkout/checkout-fs.ts';
import { nextOutput } from './next/next-output.ts';

export type ServerParts = Pick<ServerOutput, 'runnable' | 'built' | 'traced' | 'bun'>;
export type PackageInput = Readonly<{
  /** The checkout, and the project's folder in it. */
  root: string;
  project: string;
  /** The version of Node that it was built with; '' where nothing of the project ran. */
  node: string;
  store: ArtifactStore;
  nextVersion: string | undefined;
  /** The output of the build, and how it is run where it is a server. */
  output: Output;
  framework: Plan['framework'];
  server: ServerParts | undefined;
}>;

/** `distDir`: Next's output folder, relative to the project. `notes`: what a user should know of how it is served. */
export type PackagedComponent = Readonly<{ component: WebComponent; distDir: string; notes: readonly string[] }>;

/** Packages the finished output as a component. */
export async function packageComponent(input: PackageInput): Promise<Result<PackagedComponent>> {
  const { root, project, node, store, nextVersion, output } = input;
  const done = (result: Result<WebComponent>, distDir = '.next') =>
    result.ok ? ok({ component: result.value, distDir, notes: [] }) : result;
  const files = (result: Result<PackagedFiles>, distDir = '.next') =>
    result.ok ? ok({ ...result.value, distDir }) : result;
  if (output.kind === 'files')
    return files(
      await packageFiles(
        {
          root,
          project,
          directories: output.directories,
          spa: output.spa,
          framework: input.framework === 'spa' ? 'spa' : 'static',
        },
        store,
      ),
    );
  if (input.server !== undefined) return done(await packageServer({ root, project, node, ...input.server }, store));

  const described = await nextOutput('anchor/build.json', root, project);
  if (described !== undefined)
    return done(await packageNext({ root, project, distDir: described, node }, store), described);
  const at = (path: string) => posix.join(project, path);
  const distDir = await nextOutput('required-server-files.json', root, project);
  const exported = distDir === undefined ? undefined : await readJsonInTree(root, at(`${distDir}/export-detail.json`));
  if (
    (distDir === undefined || exported !== undefined) &&
    (await resolveInTree(root, at('out/index.html'))) !== undefined
  )
    return files(
      await packageFiles({ root, project, directories: ['out'], spa: false, framework: 'nextjs' }, store),
      distDir,
    );
  if (nextVersion === undefined || distDir === undefined) {
    return fail(
      'output_missing',
      'The Next.js build produced nothing to serve',
      'Let the build command run "next build", and set the root directory to the folder of the app.',
      'No folder of the app has a required-server-files.json.',
    );
  }
  return done(await packageStandalone({ root, project, distDir, node, version: nextVersion }, store), distDir);
}

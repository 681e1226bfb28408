import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { WebComponent } from '@anchor/core/artifact/manifest.ts';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';
import type { ArtifactStore } from '../output/artifact-store.ts';
import { packageFiles } from '../output/package-files.ts';
import { packageServer, packageStandalone } from '../output/package-server.ts';
import type { OutputSink } from './command.ts';
import { findInside, readJsonInside } from './inside.ts';
import type { Prepared } from './prepare.ts';
import type { Session } from './session.ts';

export type PackageInput = Readonly<{ session: Session; prepared: Prepared; store: ArtifactStore; sink: OutputSink; nextVersion: string | undefined; traced: readonly string[] | undefined }>;

/** The finished output as a component. `distDir`: Next's output folder, relative to the project. */
export async function packageComponent(input: PackageInput): Promise<Result<Readonly<{ component: WebComponent; distDir: string }>>> {
  const { session, prepared, store, sink, nextVersion } = input;
  const { plan, project, node } = prepared;
  const root = session.work.source;
  const done = (result: Result<WebComponent>, distDir = '.next') => (result.ok ? ok({ component: result.value, distDir }) : result);
  if (plan.output.kind === 'files') return done(await packageFiles({ root, project, directories: plan.output.directories, spa: plan.output.spa, framework: plan.framework === 'spa' ? 'spa' : 'static' }, store));
  if (plan.output.kind === 'server') return done(await packageServer({ root, project, start: plan.output.start, traced: input.traced, node: node.version }, store));

  const described = await findDescription(root, project);
  if (described !== undefined) {
    const { distDir, repository } = described;
    const { packageNext } = session.options;
    if (packageNext === undefined) return fail('unsupported', 'Next.js apps can not be packaged here', 'Wire packageNext.');
    const result = await packageNext({
      projectDir: join(root, project), repoRoot: join(root, repository), distDir: join(root, project, distDir), blobs: session.options.blobs, nodeVersion: node.version,
      log: (line: string) => sink.say(line, 'package'),
    });
    return done(result, distDir);
  }
  const at = (path: string) => (project === '' ? path : `${project}/${path}`);
  const required = await readJsonInside(root, at('.next/required-server-files.json'));
  if (required === undefined && (await findInside(root, at('out/index.html'))) !== undefined) return done(await packageFiles({ root, project, directories: ['out'], spa: false, framework: 'nextjs' }, store));
  if (nextVersion === undefined || (await findInside(root, at('.next'))) === undefined) {
    return fail('output_missing', 'The Next.js build left no .next folder', 'Let the build command run "next build", and set the root directory to the folder of the app.');
  }
  return done(await packageStandalone({ root, project, distDir: '.next', node: node.version, version: nextVersion }, store));
}

/** Where our adapter left its description: the folder is the app's own choice (`distDir`). */
async function findDescription(root: string, project: string): Promise<Readonly<{ distDir: string; repository: string }> | undefined> {
  const folder = await findInside(root, project);
  if (folder === undefined) return undefined;
  const names = (await readdir(folder.absolute, { withFileTypes: true })).filter((entry) => entry.isDirectory() && entry.name !== 'node_modules').map((entry) => entry.name);
  for (const name of ['.next', ...names]) {
    const json = await readJsonInside(root, [project, name, 'anchor', 'build.json'].filter((part) => part !== '').join('/'));
    if (json === undefined) continue;
    // Next's own idea of the repository's root (where a lock file lies) may be below the checkout's.
    const inner = typeof json['projectDir'] === 'string' ? json['projectDir'].split('/').filter((part) => part !== '' && part !== '.') : [];
    const own = project.split('/').filter((part) => part !== '');
    return { distDir: name, repository: own.slice(0, Math.max(0, own.length - inner.length)).join('/') };
  }
  return undefined;
}

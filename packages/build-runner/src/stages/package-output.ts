import semver from 'semver';
import type { WebComponent } from '@anchor/protocol/artifact/web/component.ts';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';
import { createArtifactStore, type Leak } from '@anchor/packaging/output/artifact-store.ts';
import { displayName, secretsToScan } from '@anchor/packaging/output/secret-scan.ts';
import { packageComponent } from '@anchor/packaging/package-component.ts';
import type { BuildContext } from './build-context.ts';
import type { Compiled } from './compile.ts';
import type { Prepared } from './prepare.ts';

/** `distDir`: Next's output folder, relative to the project. `defaultNode`: the Node major, where nothing named one. */
export type Packaged = Readonly<{ component: WebComponent; distDir: string; defaultNode?: string }>;

/** Stores the output as a component. Nothing of the user's runs any more. */
export async function packageOutput(
  { session, request, sink }: BuildContext,
  { project, tools }: Prepared,
  compiled: Compiled,
): Promise<Result<Packaged>> {
  const secrets = secretsToScan(request.secrets, request.variables, request.credentials);
  const { blobs, compressor } = session.options;
  const store = createArtifactStore({ blobs, compressor, limits: session.limits, secrets });
  const packaged = await packageComponent({
    root: session.work.source,
    project,
    node: tools?.node.version ?? '',
    store,
    ...compiled,
  });
  if (!packaged.ok) return packaged;
  const { component, distDir, notes } = packaged.value;
  for (const note of notes) sink.log(note, 'package', 'warn');
  if (store.leaks.length > 0) return exposedSecretError(store.leaks);
  sink.log(`${store.stats.files} files, ${(store.stats.bytes / 1048576).toFixed(1)} MB`, 'package');
  const byDefault =
    tools === undefined || tools.nodeFrom !== undefined
      ? {}
      : { defaultNode: String(semver.major(tools.node.version)) };
  return ok({ ...byDefault, component, distDir });
}

/** Returns an error that names every variable and where it was found, never a value. */
function exposedSecretError(leaks: readonly Leak[]): Result<never> {
  const paths = new Map<string, Set<string>>();
  for (const { path, secret } of leaks)
    paths.set(displayName(secret), (paths.get(displayName(secret)) ?? new Set()).add(path));
  const [[first = ''] = []] = paths;
  const found = [...paths].map(
    ([name, at]) =>
      `${name} is in ${[...at].sort().slice(0, 3).join(', ')}${at.size > 3 ? ` and ${at.size - 3} more` : ''}`,
  );
  return fail(
    'output_refused',
    `The secret ${first} would be sent to browsers`,
    'Use it only in code that runs on the server. If browsers are meant to have it, give it a name with the public prefix of the framework, such as NEXT_PUBLIC_ or VITE_; if it is no secret, set it with: anchor env set NAME=value --plain',
    `${found.join('; ')}.`,
  );
}

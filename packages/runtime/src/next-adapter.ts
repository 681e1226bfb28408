/**
 * The Next build adapter, injected with NEXT_ADAPTER_PATH: runs inside the user's build, under the user's Node.
 * The app's own configuration stays as it is, but for what the platform must know: the deployment's id (so that a tab of
 * an older deployment can be told apart), files that never change under their name, and no `standalone` output, which
 * would copy everything once more and turn immutable files off. The render cache needs no configuration: at run time the
 * function hands Next its cache (see next-environment.ts), unless the app brings its own.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { environment } from './environment.ts';
import { describeBuild, type BuildContext } from './next-build-description.ts';

const PRODUCTION_BUILD = 'phase-production-build';

type Config = Record<string, unknown>;

const adapter = {
  name: 'anchor',

  modifyConfig(config: Config, context: { phase: string }): Config {
    if (context.phase !== PRODUCTION_BUILD) return config;
    const changed: Config = { ...config };
    const deploymentId = sanitizeDeploymentId(environment['ANCHOR_DEPLOYMENT_ID']);
    if (deploymentId !== undefined && !changed['deploymentId']) changed['deploymentId'] = deploymentId;
    changed['supportsImmutableAssets'] ??= true;
    if (changed['output'] === 'standalone') delete changed['output'];
    return changed;
  },

  onBuildComplete(context: BuildContext): void {
    const directory = join(context.distDir, 'anchor');
    mkdirSync(directory, { recursive: true });
    const description = describeBuild(context, (path) => relative(context.repoRoot, path).split(sep).join('/'));
    writeFileSync(join(directory, 'build.json'), JSON.stringify(description));
  },
};

export default adapter;

/** Next accepts letters, digits, `-` and `_`, at most 32 of them; anything else would end the build. */
export function sanitizeDeploymentId(id: string | undefined): string | undefined {
  const clean = (id ?? '').replace(/[^A-Za-z0-9_-]/g, '').slice(0, 32);
  return clean === '' ? undefined : clean;
}

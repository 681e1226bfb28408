/**
 * The Next build adapter, injected with NEXT_ADAPTER_PATH: runs inside the user's build, under the user's Node. The
 * app's own configuration stays unchanged, except for what the platform needs: the deployment's id (for skew
 * protection), files that never change under their name, and no `standalone` output, which would copy everything once
 * more and turn immutable files off. The render cache needs no configuration: at runtime the function passes its cache
 * to Next (see next/prepare-environment.ts), unless the app brings its own.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { environment } from './process/environment.ts';
import { describeBuild, type BuildContext } from './build/build-description.ts';
import type { Description } from './routing/description.ts';
import { unreachableRoutes } from './build/route-check.ts';

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
    const unreachable = description['exported'] === true ? [] : unreachableRoutes(asFunction(description));
    if (unreachable.length > 0)
      throw new Error(
        `The platform would respond with 404 to ${unreachable.slice(0, 5).join(', ')}: this version of Next.js describes its routes in a way that is not supported`,
      );
  },
};

export default adapter;

/** Returns the parts of the build's tables that the function will know. */
function asFunction(build: Record<string, unknown>): Description {
  const { staticFiles, entries, ...description } = build as unknown as Description & {
    staticFiles: readonly { pathname: string }[];
  };
  return {
    ...description,
    entries,
    served: staticFiles.map(({ pathname }) => pathname),
    imageFiles: {},
    errorFiles: {},
    hasActions: false,
  };
}

/**
 * Makes an id that Next accepts: letters, digits, `-` and `_`, at most 32 of them. Any other id would fail the build.
 */
export function sanitizeDeploymentId(id: string | undefined): string | undefined {
  const clean = (id ?? '').replace(/[^A-Za-z0-9_-]/g, '').slice(0, 32);
  return clean === '' ? undefined : clean;
}

import type { WebComponent } from '@anchor/protocol/artifact/web/component.ts';
import type { Result } from '@anchor/core/result/result.ts';
import { catchArtifactError, type ArtifactStore } from '../output/artifact-store.ts';
import { readBuildDescription, type BuildDescription } from './build-description.ts';
import { optimizesImages, packageFunction } from './function-tree.ts';
import { packagePrerenders } from './prerenders.ts';
import { routeChecks } from './route-checks.ts';
import { packageStaticFiles } from './static-files.ts';

export type NextOutput = Readonly<{
  /** The checkout after the build, on this machine. */
  root: string;
  /** The app's folder in the checkout, '' for the root. */
  project: string;
  /** Relative to the project; the adapter's file is searched when it is not there. Default `.next`. */
  distDir?: string;
  /** Exact Node version of the function. */
  node: string;
}>;

/**
 * Packages a build that ran with our adapter (packages/runtime/src/next-adapter.ts) as a component. Nothing of the
 * build's output is trusted: every path is resolved inside the checkout.
 */
export async function packageNext(output: NextOutput, store: ArtifactStore): Promise<Result<WebComponent>> {
  const { root } = output;
  const read = await readBuildDescription(root, output.project, output.distDir);
  if (!read.ok) return read;
  const { build, prefix } = read.value;
  const project = output.project === '' ? (prefix + build.projectDir).replace(/\/$/, '') : output.project;
  return catchArtifactError(async () => {
    const ownId = build.config.deploymentId;
    const { files, sources } = await packageStaticFiles(root, prefix, project, build, store);
    const common = {
      kind: 'web' as const,
      framework: {
        name: 'nextjs' as const,
        version: build.nextVersion,
        buildId: build.buildId,
        ...(ownId === undefined || ownId.startsWith('dpl_') ? {} : { deploymentId: ownId }),
      },
      basePath: build.config.basePath,
      trailingSlash: build.config.trailingSlash,
      ...(build.config.compress === false ? { compress: false } : {}),
      files,
    };
    if (build.exported)
      return { ...common, prerenders: {}, ...(files['/404.html'] === undefined ? {} : { notFound: '/404.html' }) };
    const prerenders = await packagePrerenders(root, prefix, build, store);
    const { beforeMiddleware, middlewareMatchers, afterFiles, onMatch } = build.routing;
    // The edge finds hashed files below the prefix by itself; to all other rules they are what they are without it.
    const prefixRule = assetPrefixRule(build);
    const assetPrefix = prefixRule?.source?.slice(0, -PREFIXED.length);
    const beforeFiles = build.routing.beforeFiles.filter((rule) => rule !== prefixRule);
    const imagePath = optimizesImages(build) ? build.config.images?.['path'] : undefined;
    return {
      ...common,
      prerenders,
      builtAt: build.builtAt,
      ...(assetPrefix === undefined ? {} : { assetPrefix }),
      ...(typeof imagePath === 'string' && imagePath.startsWith('/') ? { imagePath } : {}),
      checks: [...routeChecks(build, prerenders)],
      routing: { beforeMiddleware, middlewareMatchers, beforeFiles, afterFiles, onMatch },
      function: await packageFunction(
        { root, prefix, project, build, node: output.node, sources, files, assetPrefix },
        store,
      ),
    };
  });
}

const PREFIXED = '/_next/:path+';

/** Returns Next's rewrite of an `assetPrefix` with a path: from there to where its files are. */
function assetPrefixRule({
  routing,
  config,
}: BuildDescription): BuildDescription['routing']['beforeFiles'][number] | undefined {
  const own = `${config.basePath}${PREFIXED}`;
  return routing.beforeFiles.find(
    ({ source, destination, has, missing }) =>
      source !== undefined &&
      source.startsWith('/') &&
      source !== own &&
      source.endsWith(PREFIXED) &&
      !/[:*(]/.test(source.slice(0, -PREFIXED.length)) &&
      (destination === '/_next/$1' || destination === `${config.basePath}/_next/$1`) &&
      has === undefined &&
      missing === undefined,
  );
}

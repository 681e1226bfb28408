import { frameworkOf } from './frameworks.ts';
import { packagesOf, recordOf, textOf, textsOf } from './package-fields.ts';
import type { Listing, Plan } from './plan.ts';
import type { ResolvedStart } from './resolved-start.ts';
import { resolveStart, type Packages } from './start-script.ts';
import { PLAIN_DIRECTORIES, SERVER_LIBRARIES, SITE_TOOLS, TOOL_BUILDS } from './tools.ts';

export type Facts = ReturnType<typeof factsOf>;

/** Collects what the cases of detection decide by. `toolBuild`: a build command where the settings and scripts name none. */
export function factsOf(listing: Listing, toolBuild?: string) {
  const { settings, packageJson, files } = listing;
  const scripts = textsOf(packageJson?.['scripts']);
  const dependencies = { ...recordOf(packageJson?.['devDependencies']), ...recordOf(packageJson?.['dependencies']) };
  const has = (name: string): boolean => dependencies[name] !== undefined;
  const packages = packagesOf(listing);
  const script = buildScriptOf(scripts, has);
  const build = buildOf(settings, script, toolBuild);
  const builder = script === undefined ? undefined : resolveStart(scripts[script] ?? '', packages);
  const nodeRange =
    settings.nodeVersion ?? listing.nodeVersionFile ?? textOf(recordOf(packageJson?.['engines'])['node']);
  const directories = settings.outputDirectory === undefined ? undefined : [settings.outputDirectory];
  const hasIndex = files.includes('index.html');
  const plan = (
    framework: Plan['framework'],
    output: Plan['output'],
    because: string,
    more: Partial<Plan> = {},
  ): Plan => ({
    framework,
    build,
    output,
    nodeRange,
    because,
    ...(framework === 'node' && has('next') ? { aroundNext: true as const } : {}),
    ...more,
  });
  return {
    listing,
    scripts,
    has,
    // A server has its library among the dependencies of production; tools for development bring their own.
    serves: SERVER_LIBRARIES.some((name) => recordOf(packageJson?.['dependencies'])[name] !== undefined),
    packages,
    build,
    within: builder?.folder === '' ? undefined : builder?.folder,
    directories,
    hasIndex,
    plainFiles: directories ?? (hasIndex ? ['.'] : PLAIN_DIRECTORIES),
    start: startWithPrestart(settings, scripts, packages),
    startText: settings.startCommand ?? scripts['start'],
    plan,
  };
}

type Scripts = Readonly<Record<string, string | undefined>>;

/** Returns the script that builds; one of documentation only where the package has no server to start. */
function buildScriptOf(scripts: Scripts, has: (name: string) => boolean): string | undefined {
  const usual = ['build', 'build:prod', 'build:production'].find((name) => scripts[name] !== undefined);
  if (usual !== undefined || (scripts['start'] !== undefined && !SITE_TOOLS.some(has))) return usual;
  return ['docs:build', 'site:build', 'build:docs', 'build-storybook'].find(
    (name) => scripts[name] !== undefined && frameworkOf(has) === undefined,
  );
}

/** Returns the build: the setting's (none where it is blank), else the script, else the tool's own. */
function buildOf(settings: Listing['settings'], script: string | undefined, toolBuild?: string): Plan['build'] {
  if (settings.buildCommand !== undefined)
    return settings.buildCommand.trim() === '' ? undefined : { shell: settings.buildCommand };
  if (script !== undefined) return { script };
  return toolBuild === undefined ? undefined : { shell: toolBuild };
}

/** Resolves the start command: the setting's, else the script with its `prestart`. */
function startWithPrestart(
  settings: Listing['settings'],
  scripts: Scripts,
  packages: Packages,
): ResolvedStart | undefined {
  if (settings.startCommand !== undefined) return resolveStart(settings.startCommand, packages);
  const { start, prestart } = scripts;
  return start === undefined ? undefined : withPrestart(resolveStart(start, packages), prestart, packages);
}

/** Adds the build of the application's own tool, where no script, server or file folder defines one. */
export function withToolBuild(facts: Facts): Facts {
  const {
    listing: { files, settings, packageJson },
    has,
    serves,
    start,
  } = facts;
  if (facts.build !== undefined || settings.buildCommand !== undefined || serves || start?.files !== undefined)
    return facts;
  const found = TOOL_BUILDS.find(({ tool, file }) => has(tool) && (file === undefined || files.includes(file)));
  return found === undefined || packageJson === undefined ? facts : factsOf(facts.listing, found.build);
}

/**
 * Adds `prestart`, which npm runs before `start`: its build commands move to the build, the rest stays with the start.
 */
function withPrestart(start: ResolvedStart, prestart: string | undefined, packages: Packages): ResolvedStart {
  if (prestart === undefined) return start;
  const before = resolveStart(prestart, packages);
  if (before.role !== 'server') return { ...start, builds: [...before.builds, ...start.builds] };
  const text =
    start.command.kind === 'shell'
      ? start.command.script
      : [
          ...Object.entries(start.command.environment).map(
            ([name, value]) => `${name}='${value.replaceAll("'", `'\\''`)}'`,
          ),
          ...start.command.argv.map((word) => `'${word.replaceAll("'", `'\\''`)}'`),
        ].join(' ');
  return {
    ...start,
    command: {
      kind: 'shell',
      script: `${prestart} && ${text}`,
      ...(start.command.folder === undefined ? {} : { folder: start.command.folder }),
    },
  };
}

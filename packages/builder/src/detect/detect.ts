import type { BuildSettings } from '@anchor/core/projects/project.ts';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';
import { parseStartCommand, type StartCommand } from './start-command.ts';

/** What detection looks at: names in the root directory (directories end with "/"), and its package.json. */
export type Listing = Readonly<{ files: readonly string[]; packageJson?: Readonly<Record<string, unknown>>; settings: BuildSettings; nodeVersionFile?: string }>;

/**
 * What to do with a checkout. `build`: a script of package.json, turbo with a filter (in the workspace's folder), shell text
 * of the user, or nothing.
 * `output`: where the result is looked for; `directories` are tried in order.
 */
export type Plan = Readonly<{
  framework: 'nextjs' | 'static' | 'spa' | 'node';
  build: Readonly<{ script: string } | { turbo: string } | { shell: string }> | undefined;
  output: Readonly<{ kind: 'next' } | { kind: 'files'; directories: readonly string[]; spa: boolean } | { kind: 'server'; start: StartCommand }>;
  nodeRange: string | undefined;
  /** Why this was chosen, for the build log. */
  because: string;
}>;

/** Dependencies that make a single-page application when there is no server to start. */
const SPA_TOOLS: readonly string[] = ['vite', 'react-scripts', '@vue/cli-service', '@angular/cli', '@angular/build', 'parcel', 'parcel-bundler', '@rsbuild/core', 'webpack-dev-server', 'preact-cli'];
/** Dependencies that write many pages, so that an unknown path is a 404 although they may use vite underneath. */
const SITE_TOOLS: readonly string[] = ['astro', '@11ty/eleventy', 'gatsby', 'vitepress', 'vuepress', '@docusaurus/core', 'hexo', 'hugo-bin', 'nuxt', '@sveltejs/kit', 'metalsmith'];
/** Programs whose start script is a development or preview server, never the one to run in production. */
const DEV_SERVERS = /^(?:npx\s+|cross-env\s+\S+=\S+\s+)*(?:vite|vite-preview|react-scripts|vue-cli-service|ng|parcel|astro|eleventy|@11ty\/eleventy|gatsby|vitepress|vuepress|docusaurus|hexo|webpack(?:-dev-server)?|rsbuild|serve|http-server|live-server|browser-sync|nodemon|preact|nuxt|svelte-kit)\b/;
const OUTPUT_DIRECTORIES: readonly string[] = ['dist', 'out', 'build', '_site', '.output/public', '.vitepress/dist', 'docs/.vitepress/dist', 'www', 'public'];

/** Decides from names and package.json alone; settings override each part of it. */
export function detect(listing: Listing): Result<Plan> {
  const { settings, packageJson } = listing;
  const scripts = record(packageJson?.['scripts']);
  const dependencies = { ...record(packageJson?.['devDependencies']), ...record(packageJson?.['dependencies']) };
  const has = (name: string): boolean => dependencies[name] !== undefined;
  const nodeRange = settings.nodeVersion ?? listing.nodeVersionFile ?? text(record(packageJson?.['engines'])['node']);
  const build: Plan['build'] = settings.buildCommand !== undefined ? (settings.buildCommand.trim() === '' ? undefined : { shell: settings.buildCommand }) : text(scripts['build']) !== undefined ? { script: 'build' } : undefined;
  const plan = (framework: Plan['framework'], output: Plan['output'], because: string): Result<Plan> => ok({ framework, build, output, nodeRange, because });
  const directories = settings.outputDirectory === undefined ? undefined : [settings.outputDirectory];
  const built = directories ?? OUTPUT_DIRECTORIES;
  const start = settings.startCommand ?? text(scripts['start']);
  const hasIndex = listing.files.includes('index.html');
  const plainFiles = directories ?? (hasIndex ? ['.'] : ['public', 'dist', 'out', '_site', 'www']);

  switch (settings.framework) {
    case 'nextjs':
      return nextPlan('the project setting');
    case 'static':
      return plan('static', { kind: 'files', directories: build === undefined ? plainFiles : built, spa: false }, 'the project setting');
    case 'spa':
      return plan('spa', { kind: 'files', directories: build === undefined ? plainFiles : built, spa: true }, 'the project setting');
    case 'node':
      return server('the project setting');
    case undefined:
  }
  if (has('next')) return nextPlan('next is a dependency');
  if (settings.startCommand !== undefined) return server('a start command is set');
  const site = SITE_TOOLS.find(has);
  if (start !== undefined && !DEV_SERVERS.test(start.trim())) return server('package.json has a start script');
  const spa = SPA_TOOLS.find(has);
  if (build !== undefined && site !== undefined) return plan('static', { kind: 'files', directories: built, spa: false }, `${site} is a dependency`);
  if (build !== undefined && spa !== undefined) return plan('spa', { kind: 'files', directories: built, spa: true }, `${spa} is a dependency`);
  if (build !== undefined) return plan('static', { kind: 'files', directories: hasIndex && directories === undefined ? [...built, '.'] : built, spa: false }, 'there is a build, and no server to start');
  if (hasIndex || directories !== undefined) return plan('static', { kind: 'files', directories: plainFiles, spa: false }, hasIndex ? 'index.html is there' : 'an output directory is set');
  if (packageJson !== undefined && listing.files.includes('server.js')) return server('server.js is there');
  if (listing.files.some((name) => ['public/', 'dist/', 'out/', '_site/', 'www/'].includes(name))) return plan('static', { kind: 'files', directories: plainFiles, spa: false }, 'a folder of files is there');
  return fail('detect_failed', 'It is not clear how to build this project', 'Add a "build" or "start" script to package.json, or an index.html; or set framework, root directory and output directory of the project.',
    packageJson === undefined ? 'There is neither a package.json nor an index.html in the root directory.' : 'package.json has neither a dependency on next, nor a build script, nor a start script.');

  function nextPlan(because: string): Result<Plan> {
    const shell = build ?? { shell: 'next build' };
    // `next export` and custom servers are left as they are: a start command that is not Next's own means a server of its own.
    const own = settings.startCommand;
    if (own !== undefined && !/^(?:npx\s+)?next\s+start\b/.test(own.trim())) return ok({ framework: 'node', build: shell, output: { kind: 'server', start: parseStartCommand(own) }, nodeRange, because: 'a start command is set' });
    return ok({ framework: 'nextjs', build: shell, output: { kind: 'next' }, nodeRange, because });
  }

  function server(because: string): Result<Plan> {
    const script = start ?? (listing.files.includes('server.js') ? 'node server.js' : undefined);
    if (script === undefined) return fail('detect_failed', 'There is nothing to start', 'Add a "start" script to package.json, or set the start command of the project.');
    return plan('node', { kind: 'server', start: parseStartCommand(script) }, because);
  }
}

const record = (value: unknown): Readonly<Record<string, unknown>> => (typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {});
const text = (value: unknown): string | undefined => (typeof value === 'string' && value.trim() !== '' ? value : undefined);

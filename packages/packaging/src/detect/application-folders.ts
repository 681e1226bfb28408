import { FRAMEWORKS } from './frameworks.ts';

type Json = Readonly<Record<string, unknown>>;
const APPLICATION_TOOLS: ReadonlySet<string> = new Set([
  'next',
  'vite',
  'react-scripts',
  '@vue/cli-service',
  'gatsby',
  '@docusaurus/core',
  'vitepress',
  'express',
  'fastify',
  'koa',
  'hono',
  ...FRAMEWORKS.flatMap(({ packages }) => packages),
]);

/**
 * Returns the folders of a monorepo whose packages look like applications rather than libraries, those under `apps`
 * first.
 */
export function applicationFolders(packages: ReadonlyMap<string, Json>): readonly string[] {
  const found = [...packages].filter(([, json]) => {
    const scripts = Object.keys(keysOf(json['scripts']));
    const uses = Object.keys({ ...keysOf(json['dependencies']), ...keysOf(json['devDependencies']) }).some((name) =>
      APPLICATION_TOOLS.has(name),
    );
    const library =
      json['private'] !== true &&
      (json['exports'] !== undefined || json['publishConfig'] !== undefined || json['types'] !== undefined);
    return (
      !library && (scripts.includes('start') || (uses && scripts.some((name) => name === 'build' || name === 'dev')))
    );
  });
  const rank = (folder: string): number =>
    folder.startsWith('apps/') ? 0 : /(?:^|\/)(?:examples?|fixtures?|packages|libs?)\//.test(folder) ? 2 : 1;
  return found.map(([folder]) => folder).sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
}

const keysOf = (value: unknown): object => (typeof value === 'object' && value !== null ? value : {});

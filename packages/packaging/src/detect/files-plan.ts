import { ok, type Result } from '@anchor/core/result/result.ts';
import { orchestrated } from './detect-failure.ts';
import type { Facts } from './facts.ts';
import { dependenciesOf } from './package-fields.ts';
import type { Plan } from './plan.ts';
import { lonePlan, mainOf, serverBeside } from './server-plan.ts';
import { parseStartCommand } from './start-command.ts';
import { OUTPUT_DIRECTORIES, SERVER_LIBRARIES, SITE_TOOLS, SPA_TOOLS, TEMPLATE_TOOLS } from './tools.ts';

/** Plans a start script that serves a folder of files, such as `serve -s build`: that folder is the site. */
export function shownPlan({ start, directories, plan, build }: Facts): Result<Plan> | undefined {
  if (start?.files === undefined || directories !== undefined || (start.files.directory === '' && build !== undefined))
    return undefined;
  const { directory, spa } = start.files;
  return ok(
    plan(
      spa ? 'spa' : 'static',
      {
        kind: 'files',
        directories: [directory === '' ? '.' : directory, ...(build === undefined ? [] : OUTPUT_DIRECTORIES)],
        spa,
      },
      `"${start.program}" shows ${directory === '' ? 'its files' : directory}`,
    ),
  );
}

/** Plans files as they are, or what a build leaves. The first case that applies decides. */
export function filesPlan(facts: Facts): Result<Plan> | undefined {
  const { has, serves, build, plan, directories, hasIndex } = facts;
  if (build !== undefined) return builtPlan(facts);
  if (SERVER_LIBRARIES.some(has) && directories === undefined) {
    const lone = lonePlan(facts);
    if (lone !== undefined) return lone;
    if (serves) return undefined;
  }
  if (hasIndex || directories !== undefined)
    return ok(
      plan(
        'static',
        { kind: 'files', directories: facts.plainFiles, spa: false },
        hasIndex ? 'index.html is there' : 'an output directory is set',
      ),
    );
  return undefined;
}

/** Plans a build: that of a site or of a single-page application, else of a server, else of files. */
function builtPlan(facts: Facts): Result<Plan> {
  const { has, plan, directories, hasIndex, within, start } = facts;
  const inside = start?.role === 'dev' && start.folder !== '' ? start.folder : within;
  const below = inside === undefined ? undefined : dependenciesOf(facts.listing.packages?.get(inside));
  const uses = (name: string): boolean => has(name) || below?.has(name) === true;
  const more: Partial<Plan> = inside === undefined ? {} : { within: inside };
  const folders = foldersOf(directories, inside);
  const site = SITE_TOOLS.find(uses);
  const spa = SPA_TOOLS.find(uses);
  const monorepo = start?.role === 'dev' && inside !== undefined ? undefined : orchestrated(facts, start);
  if (monorepo !== undefined) return monorepo;
  const own = serverBeside(facts, site ?? spa, site === undefined ? 'spa' : 'static');
  if (own !== undefined) return ok(own);
  if (site !== undefined)
    return ok(plan('static', { kind: 'files', directories: folders.all, spa: false }, `${site} is a dependency`, more));
  if (spa !== undefined) {
    const templates = directories === undefined && TEMPLATE_TOOLS.some(uses);
    const built = templates ? folders.withoutPublic : folders.all;
    return ok(plan('spa', { kind: 'files', directories: built, spa: true }, `${spa} is a dependency`, more));
  }
  const server = builtServerPlan(facts, folders, more);
  if (server !== undefined) return server;
  return ok(
    plan(
      'static',
      {
        kind: 'files',
        directories: hasIndex && directories === undefined ? [...folders.all, '.'] : folders.all,
        spa: false,
      },
      'there is a build, and no server to start',
      more,
    ),
  );
}

type Folders = Readonly<{ all: readonly string[]; withoutPublic: readonly string[] }>;

/** Returns the folders in which a build's files are looked for, those of the package that is built first. */
function foldersOf(directories: readonly string[] | undefined, inside: string | undefined): Folders {
  if (directories !== undefined) return { all: directories, withoutPublic: directories };
  const below =
    inside === undefined
      ? []
      : OUTPUT_DIRECTORIES.filter((name) => name !== 'public').map((name) => `${inside}/${name}`);
  const all = [...below, ...OUTPUT_DIRECTORIES];
  return { all, withoutPublic: all.filter((name) => name !== 'public') };
}

/** Plans the server that a build without a start script leaves, when a library for servers is a dependency. */
function builtServerPlan(facts: Facts, folders: Folders, more: Partial<Plan>): Result<Plan> | undefined {
  const { has, serves, plan, directories } = facts;
  const server = (file: string, served: readonly string[], because: string): Result<Plan> =>
    ok(
      plan(
        'node',
        {
          kind: 'server',
          start: parseStartCommand(`node ${file}`),
          guessed: true,
          files: { directories: served, spa: false },
        },
        because,
        more,
      ),
    );
  if (SERVER_LIBRARIES.some(has)) {
    const main = mainOf(facts);
    if (main !== undefined)
      return server(main, serves ? folders.withoutPublic : folders.all, `package.json names ${main} as main`);
    const lone = lonePlan(facts);
    if (lone?.ok === true && lone.value.framework === 'node') return lone;
  }
  // The files in its folders are not its site: its server serves them, and has sources beside them.
  return serves && directories === undefined
    ? server('dist/index.js', folders.withoutPublic, 'a library for servers is a dependency')
    : undefined;
}

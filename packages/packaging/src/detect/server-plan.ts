import { ok, type Result } from '@anchor/core/result/result.ts';
import { orchestrated } from './detect-failure.ts';
import type { Facts } from './facts.ts';
import { frameworkOf, type Framework } from './frameworks.ts';
import { recordOf, textOf } from './package-fields.ts';
import type { FilesPlan, Plan } from './plan.ts';
import { parseStartCommand } from './start-command.ts';
import type { ResolvedStart } from './resolved-start.ts';
import { resolveStart } from './start-script.ts';
import { PLAIN_DIRECTORIES, SERVER_LIBRARIES } from './tools.ts';

/** Scripts that start a server in production where `start` is for development, the surest first. */
const PRODUCTION_SCRIPTS =
  /^(?:start[:-]prod(?:uction)?|serve[:-]prod(?:uction)?|prod(?:uction)?(?:[:-]start)?|start[:-](?:server|ssr)|serve[:-]ssr(?:[:-].+)?|server[:-](?:start|prod(?:uction)?)|server)$/;

/** They may just as well be for development: only the program or a library for servers decides. */
const LIKELY_SCRIPTS = /^(?:serve|preview)$/;

const SERVER_FILES: readonly string[] = [
  'server.js',
  'server.mjs',
  'server.cjs',
  'app.js',
  'app.mjs',
  'index.js',
  'index.mjs',
  'index.cjs',
  'main.js',
  'server.ts',
  'app.ts',
  'index.ts',
  'main.ts',
];

/** Plans a server that the settings name, or the project's scripts and files. */
export function serverPlan(facts: Facts, because: string): Result<Plan> | undefined {
  const known = frameworkOf(facts.has);
  if (facts.start !== undefined && facts.start.role !== 'none') return ok(started(facts, facts.start, because, known));
  return startPlan(facts, known) ?? (known === undefined ? undefined : guess(facts, known)) ?? lonePlan(facts);
}

/** Moves build commands of the start script to the build, where the project has none. */
function started(facts: Facts, start: ResolvedStart, because: string, known?: Framework): Plan {
  const given = facts.listing.settings.startCommand !== undefined;
  const files: FilesPlan | undefined =
    known === undefined || given ? undefined : { directories: facts.directories ?? known.directories, spa: known.spa };
  const plan = facts.plan(
    'node',
    {
      kind: 'server',
      start: start.command,
      ...(start.role === 'tool' ? { guessed: true as const } : {}),
      ...(files === undefined ? {} : { files }),
    },
    because,
    known === undefined ? {} : { known, ...buildOf(facts, known) },
  );
  return plan.build === undefined && start.builds.length > 0 && facts.listing.settings.buildCommand === undefined
    ? { ...plan, build: { shell: start.builds.join(' && ') } }
    : plan;
}

/** Plans by the scripts: `start`, a Procfile, or one of the names for production. */
export function startPlan(facts: Facts, known: Framework | undefined): Result<Plan> | undefined {
  const { start, scripts, packages } = facts;
  if (start?.role === 'server') {
    const monorepo = orchestrated(facts, start);
    return monorepo ?? ok(started(facts, start, 'package.json has a start script', known));
  }
  const web = /^web:\s*(.+)$/m.exec(facts.listing.procfile ?? '')?.[1];
  if (web !== undefined && facts.listing.packageJson !== undefined) {
    const named = resolveStart(web.trim(), packages);
    if (named.role === 'server' && named.program !== 'start')
      return ok(started(facts, named, 'the Procfile has a web process', known));
  }
  const serverLibrary = SERVER_LIBRARIES.some(facts.has);
  for (const likely of [false, true]) {
    for (const [name, text] of Object.entries(scripts)) {
      if (!(likely ? LIKELY_SCRIPTS : PRODUCTION_SCRIPTS).test(name)) continue;
      const resolved = resolveStart(text, packages);
      if (resolved.role === 'server' && (!likely || serverLibrary || /NODE_ENV=["']?production/.test(text)))
        return ok(started(facts, resolved, `package.json has a "${name}" script`, known));
    }
  }
  return start?.role === 'tool'
    ? ok(started(facts, start, `"${start.program}" starts what it has built`, known))
    : undefined;
}

/** Plans by a framework that builds servers, or files: which of the two is known after the build. */
export function knownPlan(facts: Facts, known: Framework | undefined): Result<Plan> | undefined {
  if (known === undefined || (facts.build === undefined && facts.directories === undefined)) return undefined;
  return guess(facts, known);
}

function guess(facts: Facts, known: Framework): Result<Plan> {
  const files: FilesPlan = { directories: facts.directories ?? known.directories, spa: known.spa };
  const because = `${known.packages.find(facts.has) ?? known.name} is a dependency`;
  const [first] = known.servers;
  const more = { known, ...buildOf(facts, known) };
  const serves =
    facts.directories === undefined &&
    (known.serves === undefined
      ? known.name !== 'React Router' && known.name !== 'Remix'
      : known.serves.some(facts.has));
  if (serves && first !== undefined)
    return ok(
      facts.plan(
        'node',
        {
          kind: 'server',
          start: parseStartCommand(`node ${first.entry.replaceAll('*', 'app')}`),
          guessed: true,
          files,
        },
        because,
        more,
      ),
    );
  return ok(facts.plan(known.spa ? 'spa' : 'static', { kind: 'files', ...files }, because, more));
}

function buildOf(facts: Facts, { build }: Framework): Partial<Plan> {
  if (build === undefined || !facts.has(build.when) || build.unless.some(facts.has)) return {};
  return { buildEnvironment: build.environment, notes: [build.says] };
}

/**
 * Plans a server that serves what `tool` builds: it opens a port, and its library is among the dependencies of
 * production.
 */
export function serverBeside(
  { listing: { listeningServer, packageJson }, directories, plan }: Facts,
  tool: string | undefined,
  files: 'spa' | 'static',
): Plan | undefined {
  const library = SERVER_LIBRARIES.find((name) => recordOf(packageJson?.['dependencies'])[name] !== undefined);
  if (tool === undefined || library === undefined || listeningServer === undefined || directories !== undefined)
    return undefined;
  const note = `${listeningServer} serves what ${tool} builds. If it is for development only, deploy the files alone: anchor projects update --framework ${files}`;
  return plan(
    'node',
    { kind: 'server', start: parseStartCommand(`node ${listeningServer}`) },
    `${listeningServer} listens, and ${library} is a dependency`,
    { notes: [note] },
  );
}

export const mainOf = ({ listing: { packageJson } }: Facts): string | undefined => {
  const main = textOf(packageJson?.['main'])?.replace(/^\.\//, '');
  return main === undefined || /^-|\s|["'`$]/.test(main) || main.split('/').includes('..') ? undefined : main;
};

/** Plans a server that no script names: a file with a usual name of servers, or the package's main. */
export function lonePlan(facts: Facts): Result<Plan> | undefined {
  const {
    listing: { files, packageJson },
    plan,
  } = facts;
  if (packageJson === undefined) return plainFolder(facts);
  const named = SERVER_FILES.find((name) => files.includes(name));
  const main = mainOf(facts);
  // A folder named by `main` is not listed: only files of the root are known to be there.
  const file =
    main !== undefined &&
    (files.includes(main) || files.includes(`${main}.js`) || files.includes(`${main.split('/')[0]}/`)) &&
    !facts.hasIndex
      ? main
      : named;
  if (file !== undefined)
    return ok(
      plan(
        'node',
        { kind: 'server', start: parseStartCommand(`node ${file}`) },
        file === main ? `package.json names ${file} as main` : `${file} is there`,
      ),
    );
  return facts.serves || (files.includes('src/') && SERVER_LIBRARIES.some(facts.has)) ? undefined : plainFolder(facts);
}

function plainFolder({ listing: { files }, plan, plainFiles }: Facts): Result<Plan> | undefined {
  return files.some((name) => name.endsWith('/') && PLAIN_DIRECTORIES.includes(name.slice(0, -1)))
    ? ok(plan('static', { kind: 'files', directories: plainFiles, spa: false }, 'a folder of files is there'))
    : undefined;
}

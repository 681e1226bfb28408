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

/**
 * Plans a build that leaves files, or files as they are. Longer than other functions: one list of cases, the first that
 * holds decides.
 */
export function filesPlan(facts: Facts): Result<Plan> | undefined {
  const { has, serves, build, plan, directories, hasIndex, within, start } = facts;
  const inside = start?.role === 'dev' && start.folder !== '' ? start.folder : within;
  const below = inside === undefined ? undefined : dependenciesOf(facts.listing.packages?.get(inside));
  const uses = (name: string): boolean => has(name) || below?.has(name) === true;
  const built = directories ?? [
    ...(inside === undefined
      ? []
      : OUTPUT_DIRECTORIES.filter((name) => name !== 'public').map((name) => `${inside}/${name}`)),
    ...OUTPUT_DIRECTORIES,
  ];
  const site = SITE_TOOLS.find(uses);
  const spa = SPA_TOOLS.find(uses);
  const withoutPublic = directories ?? built.filter((name) => name !== 'public');
  const templates = directories === undefined && TEMPLATE_TOOLS.some(uses);
  const more: Partial<Plan> = inside === undefined ? {} : { within: inside };
  if (build !== undefined) {
    const monorepo = start?.role === 'dev' && inside !== undefined ? undefined : orchestrated(facts, start);
    if (monorepo !== undefined) return monorepo;
    const own = serverBeside(facts, site ?? spa, site === undefined ? 'spa' : 'static');
    if (own !== undefined) return ok(own);
    if (site !== undefined)
      return ok(plan('static', { kind: 'files', directories: built, spa: false }, `${site} is a dependency`, more));
    if (spa !== undefined)
      return ok(
        plan(
          'spa',
          { kind: 'files', directories: templates ? withoutPublic : built, spa: true },
          `${spa} is a dependency`,
          more,
        ),
      );
    const served = SERVER_LIBRARIES.some(has) ? mainOf(facts) : undefined;
    if (served !== undefined)
      return ok(
        plan(
          'node',
          {
            kind: 'server',
            start: parseStartCommand(`node ${served}`),
            guessed: true,
            files: { directories: serves ? withoutPublic : built, spa: false },
          },
          `package.json names ${served} as main`,
          more,
        ),
      );
    const lone = SERVER_LIBRARIES.some(has) ? lonePlan(facts) : undefined;
    if (lone?.ok === true && lone.value.framework === 'node') return lone;
    // The files in its folders are not its site: its server serves them, and has sources beside them.
    if (serves && directories === undefined)
      return ok(
        plan(
          'node',
          {
            kind: 'server',
            start: parseStartCommand('node dist/index.js'),
            guessed: true,
            files: { directories: withoutPublic, spa: false },
          },
          'a library for servers is a dependency',
          more,
        ),
      );
    return ok(
      plan(
        'static',
        { kind: 'files', directories: hasIndex && directories === undefined ? [...built, '.'] : built, spa: false },
        'there is a build, and no server to start',
        more,
      ),
    );
  }
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

import type { BuildSettings } from '@anchor/core/projects/project.ts';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';
import { findServer, ownServer, servedBy } from './built-server.ts';
import { ANY_SERVER } from './frameworks.ts';
import { settleElsewhere } from './moved-output.ts';
import { foldersWithIndex } from './output-folders.ts';
import type { FilesPlan, Plan } from './plan.ts';
import type { Output, Settled } from './settled.ts';

/**
 * Decides between a server and files by what the build left, where package.json left that open. Reads the checkout
 * after the build; nothing of the user's runs here. `since` (ms since the epoch): files written later are of the build,
 * which finds outputs in folders that the tool's configuration names.
 */
export async function settleOutput(
  root: string,
  project: string,
  plan: Plan,
  settings: BuildSettings,
  since?: number,
): Promise<Result<Settled>> {
  const usual = await settleUsual(root, project, plan, settings);
  if (since === undefined || plan.build === undefined || settings.outputDirectory !== undefined) return usual;
  if (usual.ok) {
    if (await isThere(root, project, plan, usual.value.output)) return usual;
  } else if (plan.known === undefined) return usual;
  return (await settleElsewhere(root, project, plan, since)) ?? usual;
}

/** Returns whether an output exists: files with an index.html, or the file that a framework's start script names. */
async function isThere(root: string, project: string, { known }: Plan, output: Output): Promise<boolean> {
  if (output.kind === 'files') return (await foldersWithIndex(root, project, output.directories)).length > 0;
  return output.kind === 'next' || known === undefined || (await ownServer(root, project, output.start, [])).present;
}

/** Settles a build that wrote where its tool usually does. The first case that applies decides. */
async function settleUsual(
  root: string,
  project: string,
  plan: Plan,
  settings: BuildSettings,
): Promise<Result<Settled>> {
  const { output, known } = plan;
  if (
    output.kind === 'next' ||
    settings.framework === 'static' ||
    settings.framework === 'spa' ||
    settings.outputDirectory !== undefined
  )
    return asPlanned(plan);
  if (output.kind === 'server' && output.guessed !== true) return settleStarted(root, project, plan, output);
  const candidates = [...(known?.servers ?? []), ...ANY_SERVER];
  const found = await findServer(
    root,
    project,
    output.kind === 'server' && output.start.kind === 'argv' && known === undefined ? [] : candidates,
  );
  if (found !== undefined) return ok(servedBy(found, known?.name));
  if (output.kind === 'files' && known === undefined) return asPlanned(plan);
  const own = output.kind === 'files' ? { present: false } : await ownServer(root, project, output.start, candidates);
  const started =
    own.present && output.kind === 'server'
      ? ok<Settled>({ output: { kind: 'server', start: output.start }, framework: 'node' })
      : undefined;
  // An existing server serves the pages beside it.
  if (started !== undefined && known === undefined && output.kind === 'server' && output.start.kind === 'argv')
    return started;
  const files = output.kind === 'files' ? output : output.files;
  return (await settleFiles(root, project, files)) ?? started ?? nothingBuilt(plan, files);
}

/** Settles a plan whose start command is the project's own: that server if it exists, else what the build left. */
async function settleStarted(
  root: string,
  project: string,
  plan: Plan,
  { start, files }: Extract<Plan['output'], { kind: 'server' }>,
): Promise<Result<Settled>> {
  const { known } = plan;
  const candidates = [...(known?.servers ?? []), ...ANY_SERVER];
  const own = await ownServer(root, project, start, candidates);
  if (own.present)
    return ok({
      output: { kind: 'server', start, ...(own.built === undefined ? {} : { built: own.built }) },
      framework: 'node',
    });
  if (known === undefined) return asPlanned(plan);
  const found = await findServer(root, project, candidates);
  if (found !== undefined) return ok(servedBy(found, known.name));
  return (await settleFiles(root, project, files)) ?? asPlanned(plan);
}

function asPlanned({ output, framework }: Plan): Result<Settled> {
  return ok({ output, framework });
}

/** Settles on the planned folders that have an index.html; undefined where none has. */
async function settleFiles(
  root: string,
  project: string,
  plan: FilesPlan | undefined,
): Promise<Result<Settled> | undefined> {
  const found = plan === undefined ? [] : await foldersWithIndex(root, project, plan.directories);
  return plan === undefined || found.length === 0
    ? undefined
    : ok({
        output: { kind: 'files', spa: plan.spa, directories: found },
        framework: plan.spa ? 'spa' : 'static',
        because: `the build left no server, and an index.html in ${found[0]}`,
      });
}

/** Reports that the build left neither a server nor files, with the places where they were expected. */
function nothingBuilt({ known }: Plan, files: FilesPlan | undefined): Result<never> {
  const entries = [...(known?.servers ?? []), ...ANY_SERVER]
    .filter(({ beside }) => beside === undefined || known !== undefined)
    .map(({ entry }) => entry);
  const indexes = (files?.directories ?? []).map((folder) => `${folder}/index.html`);
  return fail(
    'output_missing',
    known === undefined
      ? 'The build produced no server to start'
      : `The build of ${known.name} left neither a server nor files`,
    known?.fix ??
      'Add a "start" script to package.json, or set the start command: anchor projects update --start "node dist/server.js"',
    `Looked for ${[...entries, ...indexes].slice(0, 8).join(', ')}.`,
  );
}

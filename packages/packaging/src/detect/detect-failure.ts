import { fail, type Result } from '@anchor/core/result/result.ts';
import { applicationFolders } from './application-folders.ts';
import type { Facts } from './facts.ts';
import { frameworkOf } from './frameworks.ts';
import { shellCommands } from './shell-commands.ts';
import type { ResolvedStart } from './start-script.ts';
import { SPA_TOOLS } from './tools.ts';
import { MANAGERS, programName } from './unwrap-command.ts';

/** Fails for the root of a monorepo whose scripts only run those of its applications: which one is meant is unknown. */
export function orchestrated(facts: Facts, start: ResolvedStart | undefined): Result<never> | undefined {
  const {
    listing: { packages, settings },
    scripts,
    has,
  } = facts;
  const runs = (text: string | undefined): boolean =>
    text !== undefined && /(?:^|[\s;&])(?:turbo|nx|lerna)\s+(?:run\s+|run-many|exec\s+)?/.test(text);
  // Only of a package manager: `node -r` loads a module, `cp -r` copies a folder.
  const everywhere = (text: string | undefined): boolean =>
    (shellCommands(text ?? '') ?? []).some(
      ({ words }) =>
        words.some((word) => MANAGERS.has(programName(word))) &&
        /(?:^| )(?:--workspaces|-ws|-r|--recursive|workspaces foreach)(?: |$)/.test(words.join(' ')),
    );
  const root =
    runs(scripts['build']) ||
    everywhere(scripts['build']) ||
    (start?.role === 'server' && (runs(facts.startText) || everywhere(facts.startText)));
  if (
    !root ||
    settings.buildCommand !== undefined ||
    settings.outputDirectory !== undefined ||
    settings.startCommand !== undefined
  )
    return undefined;
  if (frameworkOf(has) !== undefined || (SPA_TOOLS.some(has) && start?.role !== 'server')) return undefined;
  const folders = applicationFolders(packages ?? new Map());
  if (start?.role === 'server' && !runs(facts.startText) && !everywhere(facts.startText)) return undefined;
  const example = folders[0] ?? 'apps/web';
  return fail(
    'detect_failed',
    'This is the root of a monorepo with several applications',
    `Set the root directory to the application: anchor projects update --root ${example}`,
    folders.length === 0
      ? 'Its scripts run those of other packages.'
      : `Applications found: ${folders.slice(0, 10).join(', ')}.`,
  );
}

export const nothingToStart = (): Result<never> =>
  fail(
    'detect_failed',
    'No start command was found',
    'Add a "start" script to package.json, or set the start command: anchor projects update --start "node server.js"',
  );

export const unclear = ({ serves, listing: { packageJson, packages, files } }: Facts): Result<never> => {
  if (serves)
    return fail(
      'detect_failed',
      'No start command was found for this server',
      'Add a "start" script to package.json, or set the start command: anchor projects update --start "node src/index.js"',
      'A server library is a dependency, and no script starts a server.',
    );
  if (packageJson === undefined && files.includes('project.json')) {
    return fail(
      'detect_failed',
      'No build command was found for this project',
      'Build it from the root of the repository, with its own name for "app": anchor projects update --detect root --build "npx nx build app" --output dist/apps/app; a server takes --start "node dist/apps/app/main.js" instead of --output',
      'The root directory has a project.json of Nx and no package.json.',
    );
  }
  const folders = applicationFolders(packages ?? new Map());
  return fail(
    'detect_failed',
    'No build command was found for this project',
    folders.length > 0
      ? `Set the root directory to the application: anchor projects update --root ${folders[0]}; or add a "build" or "start" script to package.json`
      : 'Add a "build" or "start" script to package.json, or an index.html; or set framework, root directory and output directory of the project.',
    folders.length > 0
      ? `Applications found: ${folders.slice(0, 10).join(', ')}.`
      : packageJson === undefined
        ? 'There is neither a package.json nor an index.html in the root directory.'
        : 'package.json has neither a dependency on next, nor a build script, nor a start script.',
  );
};

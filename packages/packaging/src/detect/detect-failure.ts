import { fail, type Result } from '@anchor/core/result/result.ts';
import { applicationFolders } from './application-folders.ts';
import type { Facts } from './facts.ts';
import { frameworkOf } from './frameworks.ts';
import { shellCommands } from './shell-commands.ts';
import type { ResolvedStart } from './resolved-start.ts';
import { resolveStart } from './start-script.ts';
import { SPA_TOOLS } from './tools.ts';
import { MANAGERS } from './manager-command.ts';
import { programName } from './unwrap-command.ts';

/** Fails for the root of a monorepo whose scripts only run those of its applications: which one is meant is unknown. */
export function orchestrated(facts: Facts, start: ResolvedStart | undefined): Result<never> | undefined {
  const {
    listing: { packages, settings },
    scripts,
    has,
  } = facts;
  const runs = (text: string | undefined): boolean =>
    text !== undefined &&
    /(?:^|[\s;&])(?:turbo|nx|lerna|moon|wireit|lage|rush|rushx|ultra|bolt|wsrun)(?:\s|$)/.test(text);
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
    folders.length === 1
      ? `This is the root of a monorepo, and its application is in ${folders[0]}`
      : 'This is the root of a monorepo with several applications',
    `Set the root directory to the application: anchor projects update --root ${example}, and run anchor redeploy`,
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

export const unclear = (facts: Facts): Result<never> => {
  const {
    serves,
    listing: { packageJson, packages, files },
  } = facts;
  if (serves) return withoutStart(facts);
  if (packageJson === undefined && files.includes('project.json')) {
    return fail(
      'detect_failed',
      'No build command was found for this project',
      'Build it from the root of the repository, with its own name for "app": anchor projects update --detect root --build "npx nx build app" --output dist/apps/app; a server takes --start "node dist/apps/app/main.js" instead of --output',
      'The root directory has a project.json of Nx and no package.json.',
    );
  }
  const folders = applicationFolders(packages ?? new Map());
  if (packageJson === undefined && folders.length === 0) return nothingHere(files);
  return fail(
    'detect_failed',
    'No build command was found for this project',
    folders.length > 0
      ? `Set the root directory to the application: anchor projects update --root ${folders[0]}, and run anchor redeploy; or add a "build" or "start" script to package.json`
      : facts.has('expo')
        ? 'Add a build of the web version to package.json: "build": "expo export --platform web"; the packages that it needs come with: npx expo install react-dom react-native-web'
        : 'Add a "build" or "start" script to package.json, or an index.html; or set framework, root directory and output directory of the project.',
    folders.length > 0
      ? `Applications found: ${folders.slice(0, 10).join(', ')}.`
      : 'package.json has neither a dependency on next, nor a build script, nor a start script.',
  );
};

/** Scripts that run a server while it is developed. */
const DEVELOPMENT = /^(?:dev|develop|development|watch|serve|start[:-]dev|dev[:-](?:server|start))$/;

/** Fails for a server that no script starts; a script for its development shows which command does. */
function withoutStart({ scripts, packages }: Facts): Result<never> {
  for (const [name, text] of Object.entries(scripts)) {
    if (!DEVELOPMENT.test(name)) continue;
    const { role, command, folder } = resolveStart(text, packages);
    const shown = command.kind === 'shell' ? command.script : command.argv.join(' ');
    // Quoted so that the user's own shell expands nothing of it.
    const quote = /[$`\\!]/.test(shown) ? "'" : '"';
    if (role !== 'server' || folder !== '' || shown === '' || shown.includes(quote) || /["\n]/.test(shown)) continue;
    return fail(
      'detect_failed',
      'No start command was found for this server',
      `Set the start command (anchor projects update --start ${quote}${shown}${quote}), or add it to package.json as "start", and run anchor redeploy.`,
      `No script starts it for production; "${name}" runs it for development: ${text.slice(0, 200)}`,
    );
  }
  return fail(
    'detect_failed',
    'No start command was found for this server',
    'Add a "start" script to package.json, or set the start command: anchor projects update --start "node src/index.js"',
    'A server library is a dependency, and no script starts a server.',
  );
}

/** Files by which applications of other languages are known. */
const LANGUAGES: readonly (readonly [RegExp, string])[] = [
  [/^(?:requirements\.txt|pyproject\.toml|Pipfile|setup\.py|manage\.py)$/, 'Python'],
  [/^go\.mod$/, 'Go'],
  [/^Cargo\.toml$/, 'Rust'],
  [/^Gemfile$/, 'Ruby'],
  [/^composer\.json$/, 'PHP'],
  [/^(?:pom\.xml|build\.gradle(?:\.kts)?)$/, 'Java'],
  [/^mix\.exs$/, 'Elixir'],
  [/^.+\.(?:csproj|sln)$/, '.NET'],
  [/^deno\.jsonc?$/, 'Deno'],
];

/** Fails for a folder without a package.json: it is empty, of another language, or its application is elsewhere. */
function nothingHere(files: readonly string[]): Result<never> {
  const own = files.filter((name) => !/^(?:\.|readme|licen[cs]e|changelog)/i.test(name));
  if (own.length === 0)
    return fail(
      'detect_failed',
      'The root directory holds no application',
      'Commit the files of the application, such as package.json or index.html, and push again.',
      files.length === 0 ? 'It is empty.' : `It holds only ${files.slice(0, 5).join(', ')}.`,
    );
  const [file, language] =
    LANGUAGES.flatMap(([pattern, name]) => own.filter((each) => pattern.test(each)).map((each) => [each, name]))[0] ??
    [];
  if (file !== undefined && language !== undefined)
    return fail(
      'detect_failed',
      `This is an application for ${language}, which does not run here`,
      'Deploy an application for Node.js or Bun, or a site of files; one in another folder takes: anchor projects update --root web',
      `${file} is there, and no package.json.`,
    );
  const docker = own.includes('Dockerfile')
    ? ' The Dockerfile is not used: the platform builds from package.json.'
    : '';
  return fail(
    'detect_failed',
    'No build command was found for this project',
    'Add a package.json with a "build" or "start" script, or an index.html; an application in another folder takes: anchor projects update --root web',
    `There is neither a package.json nor an index.html in the root directory.${docker}`,
  );
}

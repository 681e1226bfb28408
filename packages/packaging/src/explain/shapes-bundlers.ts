import { BROWSER_GLOBAL, browserFix } from './browser-fix.ts';
import { ERROR_LINE, errorWithPlace, WRAPPER } from './error-line.ts';
import { codeFix, importFix, missingImport } from './import-fix.ts';
import { isTelling } from './lines.ts';
import { alike, following, group, isWarning, under, type Found, type Shape } from './shape.ts';

const FILE_AFTER = /^(?:file: |\s*)(\/?[\w@.[\]()+/-]{1,300}\.\w{1,6}(?::\d+:\d+)?):?$/m;
const trimmed = (line: string | undefined): string =>
  (line ?? '')
    .replace(/^│ {1,4}/, '')
    .replace(/^(?:.{0,12}\[(?:ERROR|error)\] |✘ \[ERROR\] |■ {1,3}Nuxt build error: )?(?:\[vite\]:? ?)?/, '')
    .replace(/^(?:\[!\] )?(?:\(plugin [^)]{1,60}\) )?(?:Rollup)?Error: /, '');

/**
 * Finds the error of a page that Nitro could not prerender. It lists them at the end, each with its status; the error
 * itself came before.
 */
function nitroPage({ match, lines, at }: Found): readonly string[] {
  const page = /├─ (\S{1,200})/.exec(lines[at - 1] ?? '')?.[1];
  const error = lines.slice(0, at).findLastIndex((line) => ERROR_LINE.test(line) && !WRAPPER.test(line));
  return [
    `${page === undefined ? '' : `${page}: `}${match[1] ?? ''}`,
    ...(error === -1 ? [] : errorWithPlace(lines, error)),
  ];
}

function typescriptFix(found: Found): string {
  const text = found.lines[found.at] ?? '';
  const missing = /Cannot find module '([^']{1,300})'/.exec(text)?.[1];
  if (missing !== undefined) return importFix(missing);
  const types = /Try `npm i --save-dev (@types\/[\w.-]{1,80})`/.exec(text)?.[1];
  if (types !== undefined)
    return `Add ${types} to the development dependencies (\`npm install --save-dev ${types}\`), and push again.`;
  const definitions = /Cannot find type definition file for '([^'/]{1,100}|@[^'/]{1,100}\/[^'/]{1,100})/.exec(
    text,
  )?.[1];
  if (definitions !== undefined) {
    const name =
      definitions.startsWith('@') || definitions.includes('/') || /TS2688.*'[\w.-]+\//.test(text)
        ? definitions
        : `@types/${definitions}`;
    return `Add ${name} to the development dependencies (\`npm install --save-dev ${name}\`), and push again; or remove it from "types" in tsconfig.json.`;
  }
  if (/TS(?:5\d{3}|18003|6053)$/.test(`TS${group(found)}`))
    return 'Correct tsconfig.json, or the path to it in the build command, and push again.';
  return codeFix();
}

function bundlerCause({ lines, at }: Found): readonly string[] {
  const own = trimmed(lines[at]).replace(
    /^(?:error during build:|\[!\]|✗ Build failed.{0,30}|x Build failed.{0,30}) ?/,
    '',
  );
  const more = lines
    .slice(at + 1, at + 30)
    .filter((line) => isTelling(line) && !/^error during build:|^Build failed with/.test(line))
    .map((line) => line.replace(/^(?:Rollup)?Error: /, ''));
  const message = own === '' ? more.slice(0, 2) : [own, ...more.slice(0, 1)];
  return message
    .filter((line, index) => index === 0 || FILE_AFTER.test(line) || !/^\s*\d+ ?[:|]/.test(line))
    .map((line) => line.replace(/^file: /, '  '));
}

/** Bundlers, compilers, linters, and the frameworks that use them. */
export const BUNDLER_SHAPES: readonly Shape[] = [
  {
    name: 'sveltekit-variable',
    line: /"([A-Z][A-Z0-9_]{1,100})" is not exported by "virtual:env\/static\/(?:private|public)"/,
    cause: ({ lines, at }) => [lines[at] ?? ''],
  },
  { name: 'export-missing', line: /"[^"]{1,200}" is not exported by "[^"]{1,300}", imported by/, fix: codeFix },
  {
    name: 'astro-variables',
    line: /\[EnvInvalidVariables\]/,
    cause: ({ lines, at }) => [
      'The environment variables that env.schema demands are invalid:',
      ...lines
        .slice(at + 1, at + 12)
        .filter((line) => line.startsWith('- '))
        .map((line) => line.slice(2)),
    ],
  },
  {
    name: 'resolve',
    line: /(?:Could not resolve(?! entry module)|failed to resolve import|Failed to resolve import|Could not load|Failed to load url) ["'`]?([^"'`\s(]{1,300})["'`]?/,
    unless: isWarning,
    cause: ({ lines, at }) =>
      [trimmed(lines[at])].concat(
        FILE_AFTER.exec(lines.slice(at + 1, at + 4).join('\n'))
          ?.slice(1, 2)
          .map((location) => `  ${location}`) ?? [],
      ),
    fix: (found) => importFix(group(found)),
  },
  {
    name: 'nuxt-module',
    line: /The module `([^`]{1,200})` could not be loaded|Could not load `([^`]{1,200})`\. Is it installed/,
    cause: ({ lines, at }) => [(lines[at] ?? '').replace(/^(?:\[\w{1,10}\] ){1,3}/, '')],
    fix: ({ match }) => importFix(match[1] ?? match[2] ?? ''),
  },
  {
    name: 'astro-adapter',
    line: /NoAdapterInstalled|Cannot use (?:`output: '\w{1,20}'`|server-rendered pages) without an adapter/,
    fix: () =>
      'Run `npx astro add node`, commit what it changes, and push again: pages that are rendered on request need that adapter.',
  },
  {
    name: 'nuxt-prerender',
    line: /^\s{0,4}│ [└├]── (\[\d{3}\] .{1,200})$/,
    cause: nitroPage,
    fix: () =>
      "Look for the page's data while it is built: what it reads must exist then, or leave the page out of prerendering.",
  },
  {
    name: 'astro-page',
    line: /^\d\d:\d\d:\d\d\s{1,5}[└├]─ (\/\S{0,200}?(?:\.html|\/))([^\s(].{0,400})$/,
    cause: ({ match }) => [`${match[1] ?? ''}: ${(match[2] ?? '').replace(/^\d\d:\d\d:\d\d \[ERROR\] /, '')}`],
    fix: codeFix,
  },
  {
    name: 'typescript',
    line: /^(?:.{1,300}(?:\(\d{1,6},\d{1,6}\): |:\d{1,6}:\d{1,6} - ))?error TS(\d{3,6}): /,
    cause: alike(/error TS\d{3,6}: /, 3),
    fix: typescriptFix,
  },
  {
    name: 'esbuild',
    line: /^✘ \[ERROR\] /,
    cause: ({ lines, at }) => [
      (lines[at] ?? '').slice('✘ [ERROR] '.length),
      ...lines
        .slice(at + 1, at + 4)
        .filter((line) => /^\s+\S{1,300}:\d+:\d+:$/.test(line))
        .map((line) => line.replace(/:$/, '')),
    ],
    fix: codeFix,
  },
  {
    name: 'transform',
    line: /Transform failed with \d{1,4} errors?:/,
    cause: ({ lines, at }) => lines.slice(at + 1, at + 3).filter((line) => isTelling(line) && / ERROR: /.test(line)),
    fix: codeFix,
  },
  {
    name: 'entry-missing',
    line: /Could not resolve entry module ["'`]([^"'`]{1,300})["'`]/,
    cause: ({ match }) => [match[0]],
    fix: (found) =>
      `Check that ${group(found)} is committed, and that the root directory of the project is the folder that holds it: anchor projects update --root <folder>.`,
  },
  {
    name: 'node-too-old',
    line: /TypeError: (?:crypto\.hash|(?:styleText|util\.styleText|import_node_util\.styleText|Promise\.withResolvers|Object\.groupBy|URL\.parse)) is not a function|TypeError: \w{1,30}\.(?:toSorted|toReversed|with) is not a function|does not provide an export named 'styleText'/,
    cause: ({ match }) => [match[0]],
    fix: () =>
      'Choose a newer version of Node.js: anchor projects update --node 24 (or engines.node in package.json), then run `anchor redeploy`.',
  },
  {
    name: 'tailwind-postcss',
    line: /trying to use `?tailwindcss`? directly as a PostCSS plugin/,
    cause: ({ lines, at }) => [
      trimmed(lines[at])
        .replace(/^(?:Error: )?\[(?:vite:css|postcss)\] (?:\[postcss\] )?/, '')
        .replace(/\. The PostCSS plugin.*$/, ''),
    ],
    fix: () =>
      'Run `npm install -D @tailwindcss/postcss`, name it in the PostCSS configuration in place of tailwindcss, commit both, and push again.',
  },
  {
    name: 'native-binding',
    line: /Error: (?:Cannot find native binding|Cannot find module @rollup\/rollup-\S{1,60})|npm has a bug related to optional dependencies/,
    cause: ({ lines, at }) => [(lines[at] ?? '').replace(/\. npm has a bug.*$/, '')],
    fix: () =>
      'Remove package-lock.json and node_modules, run `npm install` locally, commit the lock file, and push again: npm left out the packages of other systems when it was written.',
  },
  {
    name: 'bundler-plugin',
    line: /^(?:error during build:|\[!\]|RollupError:|✗ Build failed|x Build failed)/,
    cause: bundlerCause,
    fix: ({ lines, at }) => missingImport(lines.slice(at, at + 4)) ?? codeFix(),
  },
  {
    name: 'webpack-error',
    line: /^ERROR in \S/,
    cause: following(3, /^\s*$/),
    fix: ({ lines, at }) => missingImport(lines.slice(at, at + 4)) ?? codeFix(),
  },
  {
    name: 'sass',
    line: /^(?:Error: )?(?:Undefined variable|Undefined mixin|Can't find stylesheet to import|expected ["'{])/,
    cause: ({ lines, at }) => [
      lines[at] ?? '',
      ...lines
        .slice(at + 1, at + 8)
        .filter((line) => /\.s[ac]ss \d+:\d+/.test(line))
        .map((line) => line.trim())
        .slice(0, 1),
    ],
    fix: codeFix,
  },
  {
    name: 'eslint',
    line: /^\s+\d{1,6}:\d{1,6}\s+error\s+\S/,
    cause: (found) => [
      ...under(/^\/?[\w@.[\]()+/-]{1,300}\.\w{1,6}$/, 30)(found).slice(0, -1),
      ...alike(/^\s+\d{1,6}:\d{1,6}\s+error\s/, 3)(found),
    ],
    fix: () => 'Correct what the linter names, or take the linter out of the build command.',
  },
  {
    name: 'prisma-not-generated',
    line: /^(?:\w{0,20}Error: )?@prisma\/client did not initialize yet|Cannot find module '\.prisma\/client/,
    fix: () =>
      'Generate the client in the build: write "build": "prisma generate && …" into package.json, and push again.',
  },
  {
    name: 'prisma-unreachable',
    line: /P1001: |Can't reach database server at/,
    fix: () =>
      'Give builds an address of the database that they reach: anchor env set DATABASE_URL; the page "Variables and settings" of the docs has a section on a database on the same machine.',
  },
  {
    name: 'prisma-schema',
    line: /^error: (?:Error (?:validating|parsing)|.{0,200}\b(?:model|datasource|generator|relation|attribute)\b)/,
    cause: ({ lines, at }) => [
      lines[at]?.replace(/^error: /, '') ?? '',
      ...lines
        .slice(at + 1, at + 4)
        .filter((line) => line.includes('-->'))
        .map((line) => line.trim()),
    ],
    fix: () => 'Correct the schema, check it with `npx prisma validate`, and push again.',
  },
  {
    name: 'prisma-schema-missing',
    line: /Could not find Prisma Schema that is required for this command|Could not load `?--schema`? from provided path/,
    fix: () =>
      'Commit prisma/schema.prisma, or name its place in package.json: "prisma": { "schema": "path/to/schema.prisma" }. With a root directory the path starts there.',
  },
  {
    name: 'prisma-failed-migration',
    line: /^Error: P3009$|^migrate found failed migrations in the target database/,
    cause: ({ lines, at }) =>
      lines
        .slice(at, at + 6)
        .filter((line) => /failed/.test(line))
        .map((line) => line.replace(/, new migrations will not be applied.*$/, ''))
        .slice(0, 2),
    fix: () =>
      'Resolve it in the database with `npx prisma migrate resolve --rolled-back <migration>` (or --applied), then run `anchor redeploy`.',
  },
  {
    name: 'docusaurus-links',
    line: /^(?:\[ERROR\] |\s*\[cause\]: )?(?:Error: )?Docusaurus found broken (links|anchors)!/,
    cause: ({ match, lines, at }) => [
      `Docusaurus found broken ${match[1] ?? 'links'}:`,
      ...lines
        .slice(at + 1, at + 40)
        .filter((line) => /^\s*- Broken (?:link|anchor)|^\s*-> linking to/.test(line))
        .map((line) => `  ${line.trim().replace(/:$/, '')}`)
        .slice(0, 4),
    ],
    fix: () => "Correct the links, or set onBrokenLinks: 'warn' in docusaurus.config, and push again.",
  },
  {
    name: 'browser-global',
    line: BROWSER_GLOBAL,
    cause: (found) => {
      const page = found.lines
        .slice(Math.max(0, found.at - 20), found.at)
        .map((line) => /(?:failed for path|prerendering page) "([^"]{1,200})"/.exec(line)?.[1])
        .findLast((path) => path !== undefined);
      return [`${page === undefined ? '' : `${page}: `}${(errorWithPlace(found.lines, found.at)[0] ?? '').trim()}`];
    },
    fix: ({ lines, at }) => browserFix(lines.slice(at, at + 1)),
  },
  {
    name: 'prisma-engine',
    line: /binaries\.prisma\.sh/,
    fix: () => "Run `anchor redeploy`: Prisma's engine could not be fetched just now.",
  },
];

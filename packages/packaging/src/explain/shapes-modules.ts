import { errorWithPlace } from './error-line.ts';
import type { Found, Shape } from './shape.ts';

/** Returns the error with its place: a frame of the stack, or the file that Node prints above the source line. */
function withPlace({ lines, at }: Found): readonly string[] {
  const [first = ''] = errorWithPlace(lines, at);
  const above = lines
    .slice(Math.max(0, at - 6), at)
    .map((line) => /^(?:file:\/\/)?\/app\/(\S{1,300}:\d{1,7})$/.exec(line)?.[1])
    .findLast((position) => position !== undefined);
  return [/\(\S+:\d+\)$/.test(first) || above === undefined ? first : `${first} (${above})`];
}

/** Node's two kinds of modules, and TypeScript that Node runs itself. */
export const MODULE_SHAPES: readonly Shape[] = [
  {
    name: 'node-require-in-module',
    line: /^ReferenceError: (?:require|module|exports) is not defined in ES module scope/,
    cause: withPlace,
    fix: () =>
      'Rename the file to .cjs, or remove "type": "module" from package.json, and push again: this file is written as CommonJS.',
  },
  {
    name: 'node-dirname-in-module',
    line: /^ReferenceError: (?:__dirname|__filename) is not defined/,
    cause: withPlace,
    fix: () => 'Use import.meta.dirname or import.meta.filename in place of it, and push again.',
  },
  {
    name: 'node-import-in-script',
    line: /^SyntaxError: (?:Cannot use import statement outside a module|Unexpected token 'export')/,
    cause: withPlace,
    fix: () =>
      'Add "type": "module" to package.json, or rename the file to .mjs, and push again: this file is written as an ES module.',
  },
  {
    name: 'node-json-import',
    line: /\[ERR_IMPORT_(?:ATTRIBUTE|ASSERTION)\w*\]: Module "[^"]{1,300}" needs an import (?:attribute|assertion) of "?type: ?"?json/,
    cause: withPlace,
    fix: () => "Add with { type: 'json' } to the import, and push again.",
  },
  {
    name: 'node-typescript-syntax',
    line: /^SyntaxError(?: \[ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX\])?: (?:TypeScript )?.{1,100} (?:is|are) not supported in strip-only mode/,
    cause: withPlace,
    fix: () =>
      'Start it with tsx (`npm install tsx`, start command `tsx src/index.ts`) or compile it in the build: Node.js itself runs only TypeScript whose types can be removed.',
  },
  {
    name: 'node-typescript-extension',
    line: /\[ERR_UNKNOWN_FILE_EXTENSION\]: Unknown file extension "\.tsx?"/,
    cause: withPlace,
    fix: () =>
      'Start it with tsx (`npm install tsx`, start command `tsx src/index.ts`), or compile it in the build and start what that writes.',
  },
  {
    name: 'node-folder-import',
    line: /\[ERR_UNSUPPORTED_DIR_IMPORT\]: Directory import /,
    cause: withPlace,
    fix: () => 'Name the file in the import, as in "./lib/index.js", and push again: ES modules import no folders.',
  },
  {
    name: 'node-export-missing',
    line: /^SyntaxError: (?:The requested module '[^']{1,300}' does not provide an export named|Named export '[^']{1,100}' not found)/,
    cause: withPlace,
    fix: () =>
      'Import a name that the module exports, or its default export, and push again: check the spelling and the installed version.',
  },
  {
    name: 'node-other-runtime',
    line: /^ReferenceError: (?:Deno|Bun) is not defined/,
    cause: withPlace,
    fix: ({ lines, at }) =>
      (lines[at] ?? '').includes('Bun')
        ? 'Start it with Bun, as in anchor projects update --start "bun src/index.ts", and run anchor redeploy.'
        : 'Use the APIs of Node.js, as in `import { createServer } from "node:http"`: Deno does not run here.',
  },
];

import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { parseSync, Visitor } from 'oxc-parser';

/** One import of a file of the same package. Paths are relative to the root; `line` counts from 1. */
export type Import = Readonly<{ from: string; line: number; to: string }>;

type Specifier = Readonly<{ value: string; start: number }>;

/** Returns the source files of a package that layers apply to: tests import what they like. */
export const sourceFiles = (root: string, source: string): readonly string[] =>
  globSync(`${source}/**/*.ts`, {
    cwd: root,
    exclude: (path) => path.includes('node_modules') || path.includes('fixtures'),
  })
    .filter((file) => !file.endsWith('.test.ts'))
    .toSorted();

/** Reads the relative imports of a file: types, re-exports, `import()` of values and of types included. */
export function readImports(root: string, from: string): readonly Import[] {
  const text = readFileSync(join(root, from), 'utf8');
  const result = parseSync(from, text);
  const found: Specifier[] = [];
  for (const { moduleRequest } of result.module.staticImports) found.push(moduleRequest);
  for (const { entries } of result.module.staticExports) {
    // Every name of one `export … from` has the same module.
    const [first] = entries;
    if (first?.moduleRequest != null) found.push(first.moduleRequest);
  }
  for (const {
    moduleRequest: { start, end },
  } of result.module.dynamicImports) {
    found.push({ value: text.slice(start, end).replaceAll(/^['"`]|['"`]$/g, ''), start });
  }
  if (/\bimport\s*\(/.test(text)) {
    new Visitor({ TSImportType: ({ source }) => void found.push({ value: source.value, start: source.start }) }).visit(
      result.program,
    );
  }
  return found
    .filter(({ value }) => value.startsWith('.'))
    .toSorted((a, b) => a.start - b.start)
    .map(({ value, start }) => ({
      from,
      line: text.slice(0, start).split('\n').length,
      to: normalize(join(dirname(from), value)),
    }));
}

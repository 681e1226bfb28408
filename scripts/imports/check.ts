import { dirname, relative } from 'node:path';
import { cyclicGroups } from './cycles.ts';
import { readImports, sourceFiles, type Import } from './read-imports.ts';

/**
 * Layers of packages, the highest first. A layer is a folder, a file ("settings.ts") or "." for the other files of
 * `src` itself; a nested folder may have a layer of its own ("http1/own"). Folders in one list share a layer.
 */
export type Layers = Readonly<Record<string, readonly Layer[]>>;
export type Layer = string | readonly string[];
export type Findings = Readonly<{ cycles: readonly string[]; upward: readonly string[] }>;

/** Returns a message for each import cycle between files and each import of a higher folder, in one package. */
export function checkPackage(root: string, name: string, layers: readonly Layer[]): Findings {
  const source = `${name}/src`;
  const files = sourceFiles(root, source);
  const imports = files.flatMap((file) => readImports(root, file)).filter(({ to }) => to.startsWith(`${source}/`));
  const cycles = cyclicGroups(graphOf(imports)).map((group) => cycleMessage(imports, group));
  return { cycles, upward: upwardImports(source, files, imports, layers) };
}

function cycleMessage(imports: readonly Import[], group: readonly string[]): string {
  const inside = imports.filter(({ from, to }) => group.includes(from) && group.includes(to));
  const [first] = inside;
  const steps = inside.map(({ from, line, to }) => `    ${from}:${line} imports ${to}`).join('\n');
  return (
    `${first?.from ?? ''}:${first?.line ?? 0}: ${group.length} files import each other. ` +
    `Move what they share into a file of its own, or pass it as an argument.\n${steps}`
  );
}

function upwardImports(
  source: string,
  files: readonly string[],
  imports: readonly Import[],
  layers: readonly Layer[],
): readonly string[] {
  const positions = layers.flatMap((layer, level) => [layer].flat().map((path) => ({ path, level })));
  /** Returns the longest of the paths that hold the file. */
  const positionOf = (file: string): LayerPosition | undefined => {
    const path = relative(source, file);
    const holding = positions.filter(
      (position) =>
        position.path === path ||
        path.startsWith(`${position.path}/`) ||
        (position.path === '.' && !path.includes('/')),
    );
    return holding.toSorted((a, b) => b.path.length - a.path.length)[0];
  };
  const messages: string[] = [];
  for (const folder of new Set(files.filter((file) => positionOf(file) === undefined).map((file) => dirname(file)))) {
    messages.push(`scripts/layers.json:1: ${folder} has no layer. Add it, above all folders that it imports.`);
  }
  for (const { from, line, to } of imports) {
    const [importer, imported] = [positionOf(from), positionOf(to)];
    if (importer === undefined || imported === undefined || imported.level >= importer.level) continue;
    messages.push(
      `${from}:${line}: imports ${to}, but "${imported.path}" is above "${importer.path}" in scripts/layers.json. ` +
        'Move what is shared down, or declare an interface here and pass the implementation in.',
    );
  }
  for (const { path } of positions) {
    if (path !== '.' && !files.some((file) => positionOf(file)?.path === path))
      messages.push(`scripts/layers.json:1: ${source} has no "${path}". Remove it.`);
  }
  return messages;
}

type LayerPosition = Readonly<{ path: string; level: number }>;

function graphOf(edges: readonly Readonly<{ from: string; to: string }>[]): ReadonlyMap<string, ReadonlySet<string>> {
  const graph = new Map<string, Set<string>>();
  for (const { from, to } of edges) graph.set(from, (graph.get(from) ?? new Set()).add(to));
  return graph;
}

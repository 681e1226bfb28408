// Counts import cycles between files and imports of a higher folder in every package; both must be 0. The layers of
// each package are in layers.json beside this file, the highest first.
//   node scripts/check-imports.ts [root]
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkPackage, type Layers } from './imports/check.ts';

const root = process.argv[2] ?? join(import.meta.dirname, '..');
const layers = JSON.parse(readFileSync(join(root, 'scripts/layers.json'), 'utf8')) as Layers;
const packages = globSync(['packages/*', 'apps/*'], { cwd: root })
  .filter((name) => existsSync(join(root, name, 'src')))
  .toSorted();

/** A package without folders needs no line. */
const FLAT = ['.'];
const counts = { cycles: 0, upward: 0 };
for (const name of packages) {
  const { cycles, upward } = checkPackage(root, name, layers[name] ?? FLAT);
  for (const message of [...cycles, ...upward]) console.error(message);
  counts.cycles += cycles.length;
  counts.upward += upward.length;
}
for (const name of Object.keys(layers).filter((declared) => !packages.includes(declared))) {
  console.error(`scripts/layers.json:1: there is no package ${name}. Remove its line.`);
  counts.upward++;
}
console.log(`${packages.length} packages: ${counts.cycles} import cycles, ${counts.upward} upward imports`);
process.exitCode = counts.cycles + counts.upward === 0 ? 0 : 1;

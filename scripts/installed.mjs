// Says whether node_modules is what package-lock.json asks for, with any Node from 20 on and no dependency.
// Exit code 0: yes. 1: `npm ci` is needed; the reason is printed.
import { existsSync, readFileSync } from 'node:fs';

const read = (file) => JSON.parse(readFileSync(new URL(`../${file}`, import.meta.url), 'utf8'));

function reason() {
  if (!existsSync(new URL('../node_modules/.package-lock.json', import.meta.url))) return 'nothing is installed';
  const wanted = read('package-lock.json').packages;
  // npm writes this file last, so after an interrupted installation it is absent or old
  const installed = read('node_modules/.package-lock.json').packages;
  for (const [path, entry] of Object.entries(wanted)) {
    if (!path.startsWith('node_modules/') && !path.includes('/node_modules/')) continue; // the workspaces themselves
    const found = installed[path];
    if (found === undefined && entry.optional) continue; // for another system
    if (found === undefined) return `${path} is missing`;
    if (found.integrity !== entry.integrity || found.link !== entry.link) return `${path} is another version`;
  }
  return undefined;
}

const why = reason();
if (why !== undefined) {
  console.log(why);
  process.exitCode = 1;
}

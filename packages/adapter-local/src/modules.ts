import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { stripTypeScriptTypes } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Paths } from './paths.ts';

/** Where the emitted modules lie: `runtimeDir` is mounted at `/anchor`; `adapterPath` is the Next build adapter in it. */
export type EmittedModules = Readonly<{ runtimeDir: string; adapterPath: string }>;

/** Grows when `toJavaScript` changes: what earlier code wrote is then not taken for ours. */
const FORMAT = 1;

/**
 * Writes packages/runtime as plain JavaScript under `modules/<hash of the sources>/`, so that it runs on every Node
 * that a project may choose. The directory is complete or absent, never changed, and shared by all processes; calling
 * it again, or at the same time from several processes, ends with the same directory. Throws when the disk refuses.
 */
export async function emitModules(paths: Pick<Paths, 'modules'>, source: string = runtimeSource()): Promise<EmittedModules> {
  const sources = await read(source);
  // Named after what goes in, not after what comes out: the stripper is 30 MB that a process which finds the directory never loads.
  const hash = createHash('sha256').update(`${FORMAT} ${process.version}`);
  for (const [name, code] of sources) hash.update(`${name}\0${code.length}\0${code}`);
  const runtimeDir = join(paths.modules, hash.digest('hex').slice(0, 32));
  const emitted = { runtimeDir, adapterPath: join(runtimeDir, 'next-adapter.js') };
  if (await exists(runtimeDir)) return emitted;
  const building = join(paths.modules, `.tmp-${randomBytes(8).toString('hex')}`);
  for (const [name, code] of sources) {
    await mkdir(dirname(join(building, name)), { recursive: true, mode: 0o755 });
    await writeFile(join(building, name), name.endsWith('.js') ? toJavaScript(code) : code, { mode: 0o444 });
  }
  try {
    await rename(building, runtimeDir);
  } catch (cause) {
    await rm(building, { recursive: true, force: true });
    if (!(await exists(runtimeDir))) throw cause; // otherwise another process was first, with the same content
  }
  return emitted;
}

/** Every module but the tests: relative name ending in `.js` → TypeScript, in a fixed order. */
async function read(source: string): Promise<readonly (readonly [string, string])[]> {
  const files: [string, string][] = [['package.json', '{"type":"module"}\n']];
  for (const entry of await readdir(source, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !entry.name.endsWith('.ts') || entry.name.endsWith('.test.ts') || entry.name.endsWith('.d.ts')) continue;
    const path = join(entry.parentPath, entry.name);
    const relative = path.slice(source.length + 1);
    if (relative.split('/').includes('fixtures')) continue;
    files.push([relative.replace(/\.ts$/, '.js'), await readFile(path, 'utf8')]);
  }
  return files.sort(([a], [b]) => (a < b ? -1 : 1));
}

/** Types out, and `./x.ts` in import, export and `new URL` becomes `./x.js`. Lines and columns stay where they were. */
export const toJavaScript = (code: string): string =>
  stripTypeScriptTypes(code).replace(/((?:\bfrom|\bimport)\s*\(?\s*|\bnew URL\(\s*)(['"])(\.{1,2}\/[^'"\n]+)\.ts\2/g, '$1$2$3.js$2');

const runtimeSource = (): string => dirname(fileURLToPath(import.meta.resolve('@anchor/runtime/next-adapter.ts')));

const exists = (path: string): Promise<boolean> => stat(path).then(() => true, () => false);

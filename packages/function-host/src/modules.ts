import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { createRequire, stripTypeScriptTypes } from 'node:module';
import { dirname, join, relative } from 'node:path';
import type { HostPaths } from './host-paths.ts';

/**
 * The location of the emitted modules: `runtimeDir` is mounted at `/anchor`; `adapterPath` is the Next build adapter in
 * it.
 */
export type EmittedModules = Readonly<{ runtimeDir: string; adapterPath: string }>;

/** Source folders: `runtime` is emitted at the top, `protocol` as the folder of that name. */
export type ModuleSources = Readonly<{ runtime: string; protocol: string }>;

/**
 * Part of the directory's name. Incremented when `toJavaScript` changes, so that output of earlier code is not reused.
 */
const FORMAT = 2;

/**
 * Loads the preload by `require`. With `--import` Node reads every entry with its loader of ES modules, which ignores
 * the `require` hooks of ts-node, @swc-node/register, @babel/register and their like. Node 20 and 22 warn of a
 * `require` of an ES module: that is ours, so applications do not see it. Node 22 cannot require one beside a
 * `--loader`: the preload then loads like the application does, and servers listen once it has.
 */
const PRELOAD_BY_REQUIRE = `'use strict';
const { emitWarning } = process;
process.emitWarning = () => {};
try {
  require('./preload.js');
} catch (error) {
  if (error.code !== 'ERR_METHOD_NOT_IMPLEMENTED') throw error;
  const { Server } = require('node:net');
  const { listen } = Server.prototype;
  let loaded = false;
  const loading = import('./preload.js').then(() => {
    loaded = true;
  });
  Server.prototype.listen = function (...args) {
    if (loaded) return listen.apply(this, args);
    loading.then(() => this.listen(...args));
    return this;
  };
} finally {
  process.emitWarning = emitWarning;
}
`;

/**
 * Writes packages/runtime, and packages/protocol beside it, as plain JavaScript under `modules/<hash of the sources>/`,
 * so that they run on every Node that a project may choose. The artifact's schemas stay outside: they need zod, and
 * nothing beside user code reads a manifest. The directory is complete or absent, never changed, and shared by all
 * processes; calling it again, or concurrently from several processes, ends with the same directory. Throws when the
 * disk refuses.
 */
export async function emitModules(
  paths: Pick<HostPaths, 'modules'>,
  from: ModuleSources = ownSources(),
): Promise<EmittedModules> {
  const sources = [
    ['package.json', '{"type":"module"}\n'] as const,
    ['preload.cjs', PRELOAD_BY_REQUIRE] as const,
    ...(await read(from.runtime)),
    ...(await read(from.protocol, 'protocol/', ['artifact'])),
  ];
  // Named after what goes in, not after what comes out: the stripper is 30 MB that a process which finds the directory
  // never loads.
  const hash = createHash('sha256').update(`${FORMAT} ${process.version}`);
  for (const [name, code] of sources) hash.update(`${name}\0${code.length}\0${code}`);
  const runtimeDir = join(paths.modules, hash.digest('hex').slice(0, 32));
  const emitted = { runtimeDir, adapterPath: join(runtimeDir, 'next-adapter.js') };
  if (await exists(runtimeDir)) return emitted;
  const building = join(paths.modules, `.tmp-${randomBytes(8).toString('hex')}`);
  for (const [name, code] of sources) {
    await mkdir(dirname(join(building, name)), { recursive: true, mode: 0o755 });
    await writeFile(join(building, name), name.endsWith('.js') ? await toJavaScript(code, name) : code, {
      mode: 0o444,
    });
  }
  try {
    await rename(building, runtimeDir);
  } catch (cause) {
    await rm(building, { recursive: true, force: true });
    if (!(await exists(runtimeDir))) throw cause; // otherwise another process was first, with the same content
  }
  return emitted;
}

/**
 * Reads every module but the tests and those of the folders `without`: name of the output, ending in `.js` →
 * TypeScript, in a fixed order.
 */
async function read(
  source: string,
  prefix = '',
  without: readonly string[] = [],
): Promise<readonly (readonly [string, string])[]> {
  const files: [string, string][] = [];
  for (const entry of await readdir(source, { recursive: true, withFileTypes: true })) {
    if (
      !entry.isFile() ||
      !entry.name.endsWith('.ts') ||
      entry.name.endsWith('.test.ts') ||
      entry.name.endsWith('.d.ts')
    )
      continue;
    const path = join(entry.parentPath, entry.name);
    const name = path.slice(source.length + 1);
    if (name.split('/').includes('fixtures') || without.includes(name.split('/')[0] ?? '')) continue;
    files.push([prefix + name.replace(/\.ts$/, '.js'), await readFile(path, 'utf8')]);
  }
  return files.sort(([a], [b]) => (a < b ? -1 : 1));
}

const PROTOCOL = '@anchor/protocol/';

/**
 * Removes the types; in imports and exports `./x.ts` becomes `./x.js`, and `@anchor/protocol/x.ts` its path relative to
 * `name`, the module's own path in the output. Lines stay where they were.
 */
export async function toJavaScript(code: string, name = 'module.js'): Promise<string> {
  const { init, parse } = await import('es-module-lexer');
  await init();
  const text = stripTypeScriptTypes(code);
  let output = '';
  let end = 0;
  for (const found of parse(text, name)[0]) {
    const specifier = found.specifier === null ? undefined : emittedSpecifier(found.specifier, name);
    if (specifier === undefined) continue;
    // Of a dynamic import the position includes the quotes.
    output += text.slice(end, found.start) + (found.type === 'dynamic' ? JSON.stringify(specifier) : specifier);
    ({ end } = found);
  }
  return output + text.slice(end);
}

/** Returns undefined for a specifier that stays unchanged. */
function emittedSpecifier(specifier: string | undefined, name: string): string | undefined {
  if (specifier?.endsWith('.ts') !== true) return undefined;
  const target = specifier.replace(/\.ts$/, '.js');
  if (/^\.{1,2}\//.test(specifier)) return target;
  if (!specifier.startsWith(PROTOCOL)) return undefined;
  const path = relative(dirname(name), `protocol/${target.slice(PROTOCOL.length)}`);
  return path.startsWith('.') ? path : `./${path}`;
}

const { resolve } = createRequire(import.meta.url);
const folderOf = (module: string): string => dirname(resolve(module));
const ownSources = (): ModuleSources => ({
  runtime: folderOf('@anchor/runtime/next-adapter.ts'),
  protocol: folderOf('@anchor/protocol/headers.ts'),
});

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build, type Plugin } from 'esbuild';
import { writePositions } from './positions.ts';
import { BUNDLED } from './programs.ts';

/** CommonJS packages call it; a module has none. */
const REQUIRE = `import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);`;

/** Returns the sources of the programs that are bundled. */
const sources = (): readonly string[] =>
  BUNDLED.map((name) => fileURLToPath(new URL(`../${name}.ts`, import.meta.url)));

/**
 * Writes each program as one module into `directory`, with the positions of its sources beside it. What other versions
 * left in the parent directory is removed. Rejects when a program cannot be bundled; the directory is whole or absent.
 */
export async function bundlePrograms(directory: string, programs: readonly string[] = sources()): Promise<void> {
  const parent = dirname(directory);
  await mkdir(parent, { recursive: true, mode: 0o700 });
  const temporary = await mkdtemp(join(parent, WRITING));
  try {
    await build({
      entryPoints: [...programs],
      outdir: temporary,
      outExtension: { '.js': '.mjs' },
      bundle: true,
      platform: 'node',
      format: 'esm',
      target: `node${process.versions.node}`,
      // V8 keeps the text for as long as the process lives. Names stay: they stand in stack traces.
      minifyWhitespace: true,
      legalComments: 'none',
      sourcemap: 'external',
      sourcesContent: false,
      banner: { js: REQUIRE },
      define: { 'import.meta.url': MODULE_URL, 'import.meta.dirname': MODULE_DIRECTORY },
      plugins: [ownModuleUrls, oneLocale],
      logLevel: 'silent',
    });
    for (const file of programs) await writePositions(join(temporary, `${basename(file, '.ts')}.mjs`));
    await removeOthers(parent, basename(directory));
    await rename(temporary, directory).catch((error: NodeJS.ErrnoException) => {
      // Another start made the same at the same time.
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
      return rm(temporary, { recursive: true, force: true });
    });
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    throw error;
  }
}

/** What another start is writing; older ones were left by a crash. */
const WRITING = '.new-';
const WRITING_MS = 10 * 60_000;

async function removeOthers(parent: string, own: string): Promise<void> {
  for (const name of await readdir(parent)) {
    const path = join(parent, name);
    if (name === own) continue;
    if (name.startsWith(WRITING) && Date.now() - (await stat(path)).mtimeMs < WRITING_MS) continue;
    await rm(path, { recursive: true, force: true });
  }
}

const MODULE_URL = '__moduleUrl';
const MODULE_DIRECTORY = '__moduleDirectory';

/** Keeps what `import.meta` says of each module: programs, scripts and worker threads are found beside their sources. */
const ownModuleUrls: Plugin = {
  name: 'own-module-urls',
  setup({ onLoad }) {
    onLoad({ filter: /\.(?:ts|js|mjs)$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8');
      if (!text.includes('import.meta')) return undefined;
      const url = JSON.stringify(pathToFileURL(path).href);
      const head = `const ${MODULE_URL}=${url},${MODULE_DIRECTORY}=${JSON.stringify(dirname(path))};`;
      return { contents: head + text, loader: path.endsWith('.ts') ? 'ts' : 'js' };
    });
  },
};

/** zod's index of 64 languages is English alone, the only one that is used. zod exports no entry without the others. */
const oneLocale: Plugin = {
  name: 'one-locale',
  setup({ onResolve }) {
    onResolve({ filter: /^\.\.\/locales\/index\.js$/ }, ({ resolveDir }) =>
      /\/node_modules\/zod\//.test(resolveDir) ? { path: join(resolveDir, '../locales/en.js') } : undefined,
    );
  },
};

import { mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { rolldown, type Plugin } from 'rolldown';
import { writePositions } from './positions.ts';
import { BUNDLED } from './programs.ts';
import { isWhole, seal } from './seal.ts';

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
    for (const file of programs) await bundle(file, temporary);
    for (const file of programs) await writePositions(join(temporary, `${basename(file, '.ts')}.mjs`));
    await seal(temporary);
    await removeOthers(parent, basename(directory));
    if (!isWhole(directory)) await moveAside(directory, `${temporary}.old`);
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

/** Removes a directory that another start may be replacing: in one step, so that neither meets half of it. */
async function moveAside(directory: string, aside: string): Promise<void> {
  await rename(directory, aside).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
  await rm(aside, { recursive: true, force: true });
}

/** What another start is writing; older ones were left by a crash. */
const WRITING = '.new-';
const WRITING_MS = 10 * 60_000;

async function removeOthers(parent: string, own: string): Promise<void> {
  for (const name of await readdir(parent)) {
    const path = join(parent, name);
    if (name === own) continue;
    // One that is gone meanwhile was renamed by its start.
    const writtenAt = name.startsWith(WRITING) ? (await stat(path).catch(() => undefined))?.mtimeMs : 0;
    if (writtenAt === undefined || Date.now() - writtenAt < WRITING_MS) continue;
    await rm(path, { recursive: true, force: true });
  }
}

async function bundle(program: string, dir: string): Promise<void> {
  const bundled = await rolldown({
    input: program,
    platform: 'node',
    transform: { define: { 'import.meta.url': MODULE_URL, 'import.meta.dirname': MODULE_DIRECTORY } },
    plugins: [ownModuleUrls, oneLocale],
    logLevel: 'silent',
  });
  try {
    await bundled.write({
      dir,
      format: 'esm',
      entryFileNames: '[name].mjs',
      codeSplitting: false,
      sourcemap: true,
      banner: REQUIRE,
      // V8 keeps the text for as long as the process lives. Names stay: they stand in stack traces.
      minify: { compress: false, mangle: false, codegen: { removeWhitespace: true } },
      comments: false,
    });
  } finally {
    await bundled.close();
  }
}

const MODULE_URL = '__moduleUrl';
const MODULE_DIRECTORY = '__moduleDirectory';

/** Keeps what `import.meta` says of each module: programs, scripts and worker threads are found beside their sources. */
const ownModuleUrls: Plugin = {
  name: 'own-module-urls',
  transform: {
    filter: { code: /\bimport\.meta\b/ },
    handler(code, path) {
      const url = JSON.stringify(pathToFileURL(path).href);
      // On the first line, so that lines stay where they were.
      return {
        code: `const ${MODULE_URL}=${url},${MODULE_DIRECTORY}=${JSON.stringify(dirname(path))};${code}`,
        map: null,
      };
    },
  },
};

/** zod's index of 64 languages is English alone, the only one that is used. zod exports no entry without the others. */
const oneLocale: Plugin = {
  name: 'one-locale',
  resolveId: {
    filter: { id: /^\.\.\/locales\/index\.js$/ },
    handler: (_, importer) =>
      importer !== undefined && /\/node_modules\/zod\//.test(importer)
        ? join(dirname(importer), '../locales/en.js')
        : undefined,
  },
};

import { flushCompileCache } from 'node:module';
import { pathToFileURL } from 'node:url';
import { emitModules } from '@anchor/function-host/modules.ts';
import { pathsIn } from '@anchor/adapter-local/paths.ts';
import { bundlePrograms } from './bundle/bundle-programs.ts';
import { BUNDLED, BUNDLES_VARIABLE, programFile } from './bundle/programs.ts';
import { settingsFromEnv } from './settings.ts';
import { EVERY_PROCESS } from './tuning/every-process.ts';
import { isOn } from './tuning/tuning.ts';

/**
 * `code`: bundles the programs, loads what the processes load, and stores it in Node's compile cache, so that they
 * start without the TypeScript stripper (30 MB in each of them). `modules`: the same for code that runs beside user code, in the data
 * directory. Run before the first start of changed code, see compile-cache.ts.
 */
const wanted = process.argv.slice(2);
if (wanted.includes('code')) {
  await Promise.all([
    ...(await programs()),
    import('./demo-process.ts'),
    import('./lock.ts'),
    import('@anchor/adapter-local/logs/reader-thread.ts'),
    import('@anchor/git-host-local/launcher/helper.ts'),
    import('@anchor/adapter-local/backup/platform-restore.ts'),
    import('@anchor/adapter-local/backup/platform-state.ts'),
  ]);
}
if (wanted.includes('modules')) await emitModules(pathsIn(settingsFromEnv(process.env).data));
flushCompileCache();

/** Loads the bundles, or the sources of the same programs when they cannot be bundled. */
async function programs(): Promise<readonly Promise<unknown>[]> {
  const directory = process.env[BUNDLES_VARIABLE];
  const bundled =
    directory !== undefined &&
    isOn(EVERY_PROCESS.bundles, process.env) &&
    (await bundlePrograms(directory).then(
      () => true,
      () => false,
    ));
  const files = BUNDLED.map((name) => programFile(name, bundled ? directory : undefined, process.env));
  return files.map((file) => import(pathToFileURL(file).href));
}

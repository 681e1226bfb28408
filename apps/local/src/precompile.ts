import { flushCompileCache } from 'node:module';
import { emitModules } from '@anchor/function-host/modules.ts';
import { pathsIn } from '@anchor/adapter-local/paths.ts';
import { settingsFromEnv } from './settings.ts';

/**
 * `code`: loads what the processes load and stores it in Node's compile cache, so that they start without the
 * TypeScript stripper (30 MB in each of them). `modules`: the same for code that runs beside user code, in the data
 * directory. Run before the first start of changed code, see compile-cache.ts.
 */
const wanted = process.argv.slice(2);
if (wanted.includes('code')) {
  await Promise.all([
    import('./server.ts'),
    import('./host.ts'),
    import('./edge.ts'),
    import('./demo-process.ts'),
    import('./supervisor.ts'),
    import('./lock.ts'),
    import('@anchor/adapter-local/logs/reader-thread.ts'),
    import('@anchor/git-host-local/launcher/helper.ts'),
    import('@anchor/adapter-local/backup/platform-restore.ts'),
    import('@anchor/adapter-local/backup/platform-state.ts'),
  ]);
  // Last: it changes what is loaded.
  await import('./tuning/one-locale.ts');
}
if (wanted.includes('modules')) await emitModules(pathsIn(settingsFromEnv(process.env).data));
flushCompileCache();

import { flushCompileCache } from 'node:module';
import { emitModules } from '@anchor/adapter-local/modules.ts';
import { pathsIn } from '@anchor/adapter-local/paths.ts';
import { settingsFromEnv } from './settings.ts';

/**
 * `code`: loads what the processes load and leaves it in Node's compile cache, so that they start without the TypeScript
 * stripper (30 MB in each of them) from the first time on. `modules`: the same for what runs beside user code, in the
 * data directory. Run before the first start of changed code, see compiled.ts.
 */
const wanted = process.argv.slice(2);
if (wanted.includes('code')) await Promise.all([import('./server.ts'), import('./host.ts'), import('./edge.ts'), import('./demo-process.ts'), import('./supervisor.ts'), import('./lock.ts'), import('@anchor/adapter-local/platform-restore.ts')]);
if (wanted.includes('modules')) await emitModules(pathsIn(settingsFromEnv(process.env).data));
flushCompileCache();

import { flushCompileCache } from 'node:module';
import { emitModules } from '@anchor/adapter-local/modules.ts';
import { pathsIn } from '@anchor/adapter-local/paths.ts';
import { settingsFromEnv } from './settings.ts';

/**
 * Loads what the processes load and leaves it in Node's compile cache, so that they start without the TypeScript
 * stripper (30 MB in each of them) from the first time on. Run once by the supervisor, where the cache is not there.
 */
await Promise.all([import('./server.ts'), import('./host.ts'), import('./edge.ts'), import('./demo-process.ts'), import('./supervisor.ts'), import('./lock.ts')]);
await emitModules(pathsIn(settingsFromEnv(process.env).data));
flushCompileCache();

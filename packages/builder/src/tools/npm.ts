import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';

/** The platform's own use of the npm registry: whole packages at exact versions, never their scripts. */
export interface Npm {
  /** Every published version of a package, in the registry's order. */
  versions(name: string): Promise<Result<readonly string[]>>;
  /** Puts a package with its dependencies into `dir`/node_modules, integrity checked; `dir` appears whole or not at all. */
  install(name: string, version: string, dir: string): Promise<Result<void>>;
  /** Directory of the npm package that the platform ships. */
  readonly home: string;
  readonly version: string;
}

/** `environment` is the whole environment of the npm processes (HOME, proxies, NODE_EXTRA_CA_CERTS …); `cache` a directory of ours. `signal` ends what runs: nothing goes on after the platform. */
export type NpmOptions = Readonly<{ cache: string; environment: Readonly<Record<string, string>>; node?: string; attempts?: number; retryMs?: number; signal?: AbortSignal }>;

export function createNpm(options: NpmOptions): Npm {
  const require = createRequire(import.meta.url);
  const home = dirname(require.resolve('npm/package.json'));
  const { version } = require('npm/package.json') as { version: string };
  const { attempts = 4, retryMs = 500, node = process.execPath, signal } = options;
  const flags = ['--no-audit', '--no-fund', '--no-update-notifier', '--loglevel=error', `--cache=${options.cache}`];

  const once = (argv: readonly string[]) =>
    new Promise<Result<string>>((resolve) => {
      execFile(node, [join(home, 'bin/npm-cli.js'), ...argv, ...flags], { env: options.environment, maxBuffer: 64 << 20, timeout: 600_000, cwd: dirname(options.cache), ...(signal === undefined ? {} : { signal, killSignal: 'SIGKILL' as const }) }, (error, stdout, stderr) => {
        if (error === null) return resolve(ok(stdout));
        resolve(fail('source_unreachable', `npm ${argv[0]} failed`, 'Check that this machine reaches the npm registry, then try again.', stderr.trim().slice(-2000) || error.message));
      });
    });

  /** The registry has hiccups; what it does not have (404, ETARGET) does not come back by asking again. */
  const run = async (argv: readonly string[]): Promise<Result<string>> => {
    await mkdir(options.cache, { recursive: true });
    for (let attempt = 1; ; attempt++) {
      const result = await once(argv);
      if (result.ok || attempt >= attempts || signal?.aborted === true || /E404|ETARGET|EINTEGRITY/.test(result.error.cause ?? '')) return result;
      await new Promise((resolve) => setTimeout(resolve, retryMs * 2 ** (attempt - 1)));
    }
  };

  return {
    home,
    version,
    async versions(name) {
      const result = await run(['view', name, 'versions', '--json']);
      if (!result.ok) return result;
      const parsed: unknown = JSON.parse(result.value);
      return ok((Array.isArray(parsed) ? parsed : [parsed]).filter((item): item is string => typeof item === 'string'));
    },
    async install(name, version, dir) {
      await mkdir(dirname(dir), { recursive: true });
      const temporary = await mkdtemp(`${dir}.tmp-`);
      try {
        const result = await run(['install', `--prefix=${temporary}`, '--ignore-scripts', '--no-package-lock', '--no-save', '--omit=dev', `${name}@${version}`]);
        if (!result.ok) return result;
        // Another process may have been faster: theirs is the same.
        await rename(temporary, dir).catch((error: NodeJS.ErrnoException) => {
          if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
        });
        return ok(undefined);
      } finally {
        await rm(temporary, { recursive: true, force: true });
      }
    },
  };
}

import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';

/** The platform's own use of the npm registry: whole packages at exact versions, never their scripts. */
export interface Npm {
  /** Returns every published version of a package, in the registry's order. */
  versions(name: string): Promise<Result<readonly string[]>>;
  /**
   * Puts a package with its dependencies into `dir`/node_modules, integrity checked; `dir` appears whole or not at all.
   */
  install(name: string, version: string, dir: string): Promise<Result<void>>;
  /** Writes the published archive of a package into `dir`. */
  pack(name: string, version: string, dir: string): Promise<Result<void>>;
  readonly cache: string;
  /** Deletes what was downloaded; false (and nothing happens) while npm runs. */
  clearCache(): Promise<boolean>;
  /** Directory of the npm package that the platform ships. */
  readonly home: string;
  readonly version: string;
}

/**
 * `environment` is the whole environment of the npm processes (HOME, proxies, NODE_EXTRA_CA_CERTS …); `cache` a
 * directory of ours. `signal` stops running processes: none outlives the platform.
 */
export type NpmOptions = Readonly<{
  cache: string;
  environment: Readonly<Record<string, string>>;
  node?: string;
  attempts?: number;
  retryMs?: number;
  signal?: AbortSignal;
}>;

export const createNpm = (options: NpmOptions): Npm => new NpmProgram(options);

/** The npm that the platform ships, as a process per use. */
class NpmProgram implements Npm {
  readonly home: string;
  readonly version: string;
  readonly cache: string;
  readonly #options: NpmOptions;
  readonly #flags: readonly string[];
  #running = 0;

  constructor(options: NpmOptions) {
    const require = createRequire(import.meta.url);
    this.home = dirname(require.resolve('npm/package.json'));
    this.version = (require('npm/package.json') as { version: string }).version;
    this.cache = options.cache;
    this.#options = options;
    this.#flags = ['--no-audit', '--no-fund', '--no-update-notifier', '--loglevel=error', `--cache=${options.cache}`];
  }

  async clearCache(): Promise<boolean> {
    if (this.#running > 0) return false;
    const away = `${this.cache}.gone`;
    await rm(away, { recursive: true, force: true });
    await rename(this.cache, away).catch(() => undefined);
    await rm(away, { recursive: true, force: true });
    return true;
  }

  async versions(name: string): Promise<Result<readonly string[]>> {
    const result = await this.#run(['view', name, 'versions', '--json']);
    if (!result.ok) return result;
    const parsed: unknown = JSON.parse(result.value);
    return ok((Array.isArray(parsed) ? parsed : [parsed]).filter((item): item is string => typeof item === 'string'));
  }

  async pack(name: string, version: string, dir: string): Promise<Result<void>> {
    const result = await this.#run(['pack', `${name}@${version}`, `--pack-destination=${dir}`, '--ignore-scripts']);
    return result.ok ? ok(undefined) : result;
  }

  async install(name: string, version: string, dir: string): Promise<Result<void>> {
    await mkdir(dirname(dir), { recursive: true });
    const temporary = await mkdtemp(`${dir}.tmp-`);
    try {
      const flags = ['--ignore-scripts', '--no-package-lock', '--no-save', '--omit=dev'];
      const result = await this.#run(['install', `--prefix=${temporary}`, ...flags, `${name}@${version}`]);
      if (!result.ok) return isMissing(result.error.cause) ? noSuchVersion(name, version) : result;
      // Another process may have been faster: theirs is the same.
      await rename(temporary, dir).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
      });
      return ok(undefined);
    } finally {
      await rm(temporary, { recursive: true, force: true });
    }
  }

  /**
   * Runs npm with retries: the registry has temporary failures, but a missing version (404, ETARGET) does not appear on
   * a retry.
   */
  async #run(argv: readonly string[]): Promise<Result<string>> {
    const { attempts = 4, retryMs = 500, signal } = this.#options;
    await mkdir(this.cache, { recursive: true });
    for (let attempt = 1; ; attempt++) {
      const result = await this.#once(argv);
      if (result.ok || attempt >= attempts || signal?.aborted === true || isFinal(result.error.cause)) return result;
      await new Promise((resolve) => setTimeout(resolve, retryMs * 2 ** (attempt - 1)));
    }
  }

  #once(argv: readonly string[]): Promise<Result<string>> {
    const { environment, node = process.execPath, signal } = this.#options;
    return new Promise((resolve) => {
      this.#running++;
      execFile(
        node,
        [join(this.home, 'bin/npm-cli.js'), ...argv, ...this.#flags],
        {
          env: environment,
          maxBuffer: 64 << 20,
          timeout: 600_000,
          cwd: dirname(this.cache),
          ...(signal === undefined ? {} : { signal, killSignal: 'SIGKILL' as const }),
        },
        (error, stdout, stderr) => {
          this.#running--;
          resolve(error === null ? ok(stdout) : npmFailed(argv[0], stderr.trim().slice(-2000) || error.message));
        },
      );
    });
  }
}

const isMissing = (cause = ''): boolean => /E404|ETARGET/.test(cause);
const isFinal = (cause = ''): boolean => isMissing(cause) || cause.includes('EINTEGRITY');

const npmFailed = (command: string | undefined, cause: string): Result<never> =>
  fail(
    'source_unreachable',
    `npm ${command} failed`,
    'Check that this machine reaches the npm registry, then retry.',
    cause,
  );

const noSuchVersion = (name: string, version: string): Result<never> =>
  fail(
    'unsupported',
    `There is no ${name} ${version}`,
    `Name a published version of ${name}; \`npm view ${name} versions\` lists them.`,
  );

import { execFile } from 'node:child_process';
import { access, cp, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { hasErrorCode } from '@anchor/core/result/has-error-code.ts';

const run = promisify(execFile);

/** A module of Go whose commands tests use: `packages` relative to the module, `files` copied from its source. */
export type GoTool = Readonly<{
  module: string;
  version: string;
  packages: string;
  files?: Readonly<Record<string, string>>;
}>;

/** Where tools are kept, so that they are built once per machine and not once per run. */
const cache = join(homedir(), '.cache/anchor-deploy/test-tools');
const BUILD_TIMEOUT_MS = 300_000;

/**
 * Returns the folder with the tool's commands, and builds them first when they are missing. Undefined, with one loud
 * line on standard error, where Go or the module cannot be had: tests skip then. Safe to call from many processes.
 */
export async function goTool(tool: GoTool): Promise<string | undefined> {
  const folder = join(cache, `${tool.module.replaceAll('/', '+')}@${tool.version}`);
  if (await exists(folder)) return folder;
  try {
    await build(tool, folder);
    return folder;
  } catch (error) {
    const reason = error instanceof Error ? error.message.trim().split('\n').at(-1) : String(error);
    process.stderr.write(`\n!!! SKIPPED: tests with ${tool.module}@${tool.version}. It cannot be built: ${reason}\n\n`);
    return undefined;
  }
}

/** Builds into a folder of its own and renames it: another process sees all of it or nothing. */
async function build({ module, version, packages, files = {} }: GoTool, folder: string): Promise<void> {
  await mkdir(cache, { recursive: true });
  const temporary = await mkdtemp(join(cache, '.build-'));
  try {
    const options = { env: { ...process.env, GOBIN: temporary }, cwd: temporary, timeout: BUILD_TIMEOUT_MS };
    await run('go', ['install', `${module}${packages}@${version}`], options);
    const { stdout } = await run('go', ['mod', 'download', '-json', `${module}@${version}`], options);
    const { Dir: source } = JSON.parse(stdout) as { Dir: string };
    for (const [name, path] of Object.entries(files)) await cp(join(source, path), join(temporary, name));
    await rename(temporary, folder).catch((error: unknown) => {
      if (!hasErrorCode(error, 'ENOTEMPTY') && !hasErrorCode(error, 'EEXIST')) throw error;
    });
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

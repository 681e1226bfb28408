import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SANDBOX_PATHS } from '@anchor/protocol/sandbox-paths.ts';
import { exists } from './exists.ts';
import { markUsed } from './mark-used.ts';

/** Node as a build sees it. */
export const NODE = `${SANDBOX_PATHS.node}/bin/node`;

/** Returns a script that runs a file of the sandbox: `file` is part of a shell command. */
export const shim = (file: string, runner: 'node' | 'binary', extra = ''): string =>
  runner === 'node' ? `#!/bin/sh\nexec ${NODE} ${file}${extra} "$@"\n` : `#!/bin/sh\nexec ${file}${extra} "$@"\n`;

/** Writes the scripts into a folder of `dir` that is named after `key` and appears whole; returns the folder. */
export async function writeShims(dir: string, key: string, files: Readonly<Record<string, string>>): Promise<string> {
  const target = join(dir, `bin-${key}`);
  if (await exists(target)) {
    await markUsed(target);
    return target;
  }
  const temporary = `${target}.tmp-${process.pid}-${Math.random().toString(36).slice(2)}`;
  await mkdir(temporary, { recursive: true, mode: 0o755 });
  for (const [name, text] of Object.entries(files)) await writeFile(join(temporary, name), text, { mode: 0o755 });
  await rename(temporary, target).catch(() => rm(temporary, { recursive: true, force: true }));
  return target;
}

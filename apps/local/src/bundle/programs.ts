import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { EVERY_PROCESS } from '../tuning/every-process.ts';
import { isOn } from '../tuning/tuning.ts';

/** The programs that stay in memory, each bundled into one module. */
export const BUNDLED = ['platform', 'server', 'host', 'edge'] as const;
export type Program = (typeof BUNDLED)[number];

/** The variable that tells the processes of a platform where their bundles are. */
export const BUNDLES_VARIABLE = 'ANCHOR_BUNDLES';

export const bundleOf = (directory: string, program: Program): string => join(directory, `${program}.mjs`);

/** Returns the file to start: the bundle in `directory`, or the source where there is none. */
export function programFile(program: Program, directory: string | undefined, env: NodeJS.ProcessEnv): string {
  const bundle = directory === undefined ? undefined : bundleOf(directory, program);
  if (bundle !== undefined && isOn(EVERY_PROCESS.bundles, env) && existsSync(bundle)) return bundle;
  return fileURLToPath(new URL(`../${program}.ts`, import.meta.url));
}

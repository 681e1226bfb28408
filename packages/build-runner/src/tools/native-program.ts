import { link, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { objectField, type PackageJson } from '@anchor/packaging/detect/package-json.ts';
import { exists } from './exists.ts';

/**
 * Puts the program of a tool that comes as an optional package per platform beside the tool's own files, as its install
 * script (which never runs) would: there it finds the rest of what it ships. Returns the path relative to `home`.
 */
export async function nativeProgram(home: string, packageName: string, program: string): Promise<string | undefined> {
  const json: unknown = JSON.parse(await readFile(join(home, packageName, 'package.json'), 'utf8'));
  for (const sibling of Object.keys(objectField(json as PackageJson, 'optionalDependencies'))) {
    const file = join(home, sibling, program);
    if (!(await exists(file, 'program'))) continue;
    const beside = join(packageName, `${program}-native`);
    await link(file, join(home, beside)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
    return beside;
  }
  return undefined;
}

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ApiResult } from '@anchor/client/http/result.ts';
import { commandError } from '../framework/problem.ts';

/** Which project a folder belongs to, in `.anchor/project.json`. Holds no secret. */
export type Link = Readonly<{ url: string; project: string }>;

const FOLDER = '.anchor';
const FILE = 'project.json';

/** Returns the link of this folder or of the nearest one above it; undefined when there is none. */
export async function readLink(directory: string): Promise<ApiResult<Link | undefined>> {
  for (let at = directory; ; at = dirname(at)) {
    const file = join(at, FOLDER, FILE);
    const text = await readFile(file, 'utf8').catch(() => undefined);
    if (text !== undefined) return parse(file, text);
    if (dirname(at) === at) return { ok: true, value: undefined };
  }
}

/**
 * Links a folder. The folder ignores itself, so that nothing of it is committed and no file of the user's is changed.
 */
export async function writeLink(directory: string, link: Link): Promise<ApiResult<undefined>> {
  try {
    await mkdir(join(directory, FOLDER), { recursive: true });
    await writeFile(join(directory, FOLDER, '.gitignore'), '*\n');
    await writeFile(join(directory, FOLDER, FILE), `${JSON.stringify(link, null, 2)}\n`);
    return { ok: true, value: undefined };
  } catch (error) {
    return commandError(
      'failed',
      `Cannot write ${join(directory, FOLDER)}.`,
      'Check the owner of this folder.',
      String(error),
    );
  }
}

function parse(file: string, text: string): ApiResult<Link> {
  try {
    const value: unknown = JSON.parse(text);
    if (
      typeof value === 'object' &&
      value !== null &&
      'url' in value &&
      'project' in value &&
      typeof value.url === 'string' &&
      typeof value.project === 'string'
    )
      return { ok: true, value: { url: value.url, project: value.project } };
  } catch {
    // reported below
  }
  return commandError('usage', `${file} is damaged.`, 'Link the folder again: anchor link <project>');
}

import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { ApiResult } from '@anchor/client/http/result.ts';
import { commandError } from './problem.ts';

/** The tokens of this person, by the origin that each is for. `default` is the one that was logged in at last. */
export type Credentials = Readonly<{ default?: string; tokens: Readonly<Record<string, string>> }>;

export async function readCredentials(file: string): Promise<ApiResult<Credentials>> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { ok: true, value: { tokens: {} } };
    return commandError('failed', `Cannot read ${file}.`, 'Check the owner of the file.', String(error));
  }
  try {
    const value: unknown = JSON.parse(text);
    if (isCredentials(value)) return { ok: true, value };
  } catch {
    // reported below
  }
  return commandError('failed', `${file} is damaged.`, 'Remove it and log in again: anchor login');
}

/** Writes a new file and moves it into place, readable by its owner only. */
export async function writeCredentials(file: string, credentials: Credentials): Promise<ApiResult<undefined>> {
  try {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    const fresh = `${file}.${process.pid}`;
    await writeFile(fresh, `${JSON.stringify(credentials, null, 2)}\n`, { mode: 0o600 });
    await chmod(fresh, 0o600);
    await rename(fresh, file);
    return { ok: true, value: undefined };
  } catch (error) {
    return commandError(
      'failed',
      `Cannot write ${file}.`,
      'Check the owner of the folder, or set XDG_CONFIG_HOME to another one.',
      String(error),
    );
  }
}

function isCredentials(value: unknown): value is Credentials {
  if (typeof value !== 'object' || value === null || !('tokens' in value)) return false;
  if ('default' in value && typeof value.default !== 'string') return false;
  return (
    typeof value.tokens === 'object' &&
    value.tokens !== null &&
    Object.values(value.tokens).every((token) => typeof token === 'string')
  );
}

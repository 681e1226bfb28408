import { ok, type Result } from '@anchor/core/result/result.ts';
import { readKeyFile } from '../secrets/key-file.ts';

/**
 * Reads the key that published files are sealed with, and makes it when it is missing. No backup has it: what it seals
 * is published again from the database when the server starts.
 */
export async function readEdgeKey(file: string): Promise<Result<Buffer>> {
  const keys = await readKeyFile(file, `Run: rm ${file}, and restart the platform, which makes a new one.`);
  return keys.ok ? ok(keys.value[0]) : keys;
}

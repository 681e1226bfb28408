import { readFile, readdir, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** Returns the processes of this machine with this command line. */
export async function processes(command: string): Promise<string[]> {
  const all = await readdir('/proc');
  const found = await Promise.all(
    all
      .filter((name) => /^\d+$/.test(name))
      .map(async (pid) =>
        (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).replaceAll('\0', ' ').trim() === command
          ? pid
          : undefined,
      ),
  );
  return found.filter((pid) => pid !== undefined);
}

/** Makes the deployments and blobs of a platform a hundred days older. */
export async function age(data: string): Promise<void> {
  const by = 100 * 86_400_000;
  const db = new DatabaseSync(join(data, 'anchor.db'));
  db.prepare(
    `UPDATE deployments SET created_at = created_at - ?, doc = json_set(doc, '$.createdAt', json_extract(doc, '$.createdAt') - ?)`,
  ).run(by, by);
  db.close();
  for (const entry of await readdir(join(data, 'blobs'), { withFileTypes: true, recursive: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile())
      await utimes(path, new Date((await stat(path)).mtimeMs - by), new Date((await stat(path)).mtimeMs - by));
  }
}

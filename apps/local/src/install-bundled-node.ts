import { copyFile, link, mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** A download takes seconds to minutes; another process of the platform may be downloading while this one starts. */
const ABANDONED_MS = 3_600_000;

/** Remains of killed downloads. A directory that cannot be removed now is left for the next start. */
async function clearAbandoned(nodes: string): Promise<void> {
  for (const name of await readdir(nodes).catch(() => [])) {
    if (!name.startsWith('.tmp-')) continue;
    const path = join(nodes, name);
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Infinity }));
    if (Date.now() - mtimeMs > ABANDONED_MS)
      await rm(path, { recursive: true, force: true, maxRetries: 3 }).catch(() => undefined);
  }
}

/**
 * Installs the platform's own Node for builds and functions at the start, after removing partial downloads: one
 * download less for the first site.
 */
export async function installBundledNode(nodes: string): Promise<void> {
  await clearAbandoned(nodes);
  const target = join(nodes, process.versions.node);
  if (
    await stat(join(target, 'bin', 'node')).then(
      () => true,
      () => false,
    )
  )
    return;
  await mkdir(nodes, { recursive: true, mode: 0o755 });
  const building = await mkdtemp(join(nodes, '.tmp-'));
  try {
    await mkdir(join(building, 'package', 'bin'), { recursive: true, mode: 0o755 });
    const file = join(building, 'package', 'bin', 'node');
    await link(process.execPath, file).catch(() => copyFile(process.execPath, file));
    await rename(join(building, 'package'), target);
  } catch {
    // Another process was first, or the disk refuses: a build will download it.
  } finally {
    await rm(building, { recursive: true, force: true });
  }
}

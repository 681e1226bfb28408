import { copyFile, link, mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** At start: clears half-done downloads, and puts the Node that runs the platform among those that builds and functions may use: one download less for the first site. */
export async function seedNode(nodes: string): Promise<void> {
  // What a killed download left; nothing else downloads before this.
  for (const name of await readdir(nodes).catch(() => [])) if (name.startsWith('.tmp-')) await rm(join(nodes, name), { recursive: true, force: true });
  const target = join(nodes, process.versions.node);
  if (await stat(join(target, 'bin', 'node')).then(() => true, () => false)) return;
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

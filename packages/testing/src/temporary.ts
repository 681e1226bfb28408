import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Creates a directory of its own for one test. Returns its path and how to remove it. */
export async function temporaryDirectory(): Promise<Readonly<{ path: string; remove: () => Promise<void> }>> {
  const path = await mkdtemp(join(tmpdir(), 'anchor-test-'));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

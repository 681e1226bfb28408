/**
 * Sites that several test files start from. A platform builds one as it builds any site; then each file starts a
 * platform of its own on a copy of the data that the first one left.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cp, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startPlatform, type Platform } from '../platform.ts';
import { createRepository } from '../repository.ts';
import { once } from '../once.ts';
import { deployApp, siteOn, type Site, type SiteOptions } from './site.ts';

const run = promisify(execFile);

/** Starts a platform with the site. Nothing that is done to the two reaches another file. */
export async function startWithShared(
  options: Omit<SiteOptions, 'prepare'>,
  flags: readonly string[],
): Promise<Readonly<{ platform: Platform; site: Site }>> {
  const { app, name = app, hold } = options;
  const key = createHash('sha256').update(JSON.stringify(options)).digest('hex').slice(0, 8);
  const folder = await once(`site-${key}`, (into) => build(into, options));
  const data = await mkdtemp(join(tmpdir(), 'anchor-test-'));
  // Images of disks are sparse. `cp` of Node writes their holes.
  await run('cp', ['-a', '--sparse=always', '--', `${join(folder, 'data')}/.`, data]);
  const repository = await createRepository(join(folder, 'repository'));
  const served = await readFile(join(folder, 'live'), 'utf8');
  const platform = await startPlatform({ data, flags });
  return { platform, site: siteOn(platform, { name, hold, repository, served }) };
}

async function build(folder: string, options: SiteOptions): Promise<void> {
  const platform = await startPlatform({ data: join(folder, 'data'), keepData: true });
  try {
    const site = await deployApp(platform, options);
    await cp(site.repository.path, join(folder, 'repository'), { recursive: true });
    await site.remove();
    await writeFile(join(folder, 'live'), site.live());
  } finally {
    await platform.stop();
  }
}

/** The packages of apps that a test builds without a platform: installed once for all whose lock files name the same. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { once } from '../once.ts';

const run = promisify(execFile);
const FILES = ['package.json', 'package-lock.json'] as const;

/** Puts `node_modules` into the app's directory: hard links, as Next.js writes to none of these files. */
export async function installPackages(directory: string): Promise<void> {
  const { packages } = JSON.parse(await readFile(join(directory, 'package-lock.json'), 'utf8')) as {
    packages: Readonly<Record<string, object>>;
  };
  const names = Object.entries(packages).filter(([path]) => path !== ''); // that is the app itself
  const key = createHash('sha256').update(JSON.stringify(names)).digest('hex').slice(0, 8);
  const folder = await once(`packages-${key}`, async (into) => {
    for (const name of FILES) await cp(join(directory, name), join(into, name));
    await run('npm', ['ci', '--no-audit', '--no-fund', '--prefer-offline'], {
      cwd: into,
      env: { PATH: process.env['PATH'], HOME: process.env['HOME'] },
      maxBuffer: 16 << 20,
    });
  });
  await run('cp', ['-al', '--', join(folder, 'node_modules'), join(directory, 'node_modules')]);
}

import { cpSync, existsSync, lstatSync, mkdirSync, readdirSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { SandboxSpec } from '@anchor/core/ports/sandbox.ts';
import { ok, type Result } from '@anchor/core/result/result.ts';
import { BOUND } from './etc.ts';
import { parseTarget, resolveSource, sortMounts } from './mounts.ts';

/** Returns bubblewrap's options for the files of an unsafe sandbox. `dir`: its own directory, with `etc` in it. */
export const fileOptions = (
  spec: SandboxSpec,
  dir: string,
  trustStore: string | undefined,
): Result<readonly string[]> => {
  const words: string[] = [
    '--ro-bind',
    '/usr',
    '/usr',
    '--proc',
    '/proc',
    '--dev',
    '/dev',
    '--ro-bind',
    join(dir, 'etc'),
    '/etc',
  ];
  for (const name of ['bin', 'sbin', 'lib', 'lib64', 'lib32']) {
    const found = lstatSync(`/${name}`, { throwIfNoEntry: false });
    if (found?.isSymbolicLink() === true) words.push('--symlink', readlinkSync(`/${name}`), `/${name}`);
    else if (found !== undefined) words.push('--ro-bind', `/${name}`, `/${name}`);
  }
  for (const path of [...BOUND, ...(trustStore === undefined ? [] : [trustStore])]) {
    if (!existsSync(path)) continue;
    if (path.startsWith('/etc/') && statSync(path).isDirectory()) mkdirSync(join(dir, path), { recursive: true });
    words.push('--ro-bind', path, path);
  }
  if (!spec.mounts.some((mount) => mount.to === '/tmp')) words.push('--tmpfs', '/tmp');
  for (const mount of sortMounts(spec.mounts)) {
    const to = parseTarget(mount.to);
    if (!to.ok) return to;
    if (mount.kind === 'tmpfs') words.push('--tmpfs', mount.to);
    else if (mount.kind === 'overlay') {
      // Without overlays the upper layer becomes a copy.
      if (readdirSync(mount.upper).length === 0)
        cpSync(mount.lower, mount.upper, { recursive: true, verbatimSymlinks: true });
      words.push('--bind', mount.upper, mount.to);
    } else {
      const source = resolveSource(mount.from);
      if (!source.ok) return source;
      words.push(mount.kind === 'read' ? '--ro-bind' : '--bind', source.value.path, mount.to);
    }
  }
  return ok(words);
};

import { accessSync, constants } from 'node:fs';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';
import { TOOL_ENV } from './command.ts';
import { seccompFilter } from './seccomp.ts';

/** Each program and the Debian package that has it. */
const PROGRAMS: readonly (readonly [program: string, pkg: string])[] = [
  ['bwrap', 'bubblewrap'],
  ['ip', 'iproute2'],
  ['iptables', 'iptables'],
  ['iptables-restore', 'iptables'],
  ['nsenter', 'util-linux'],
  ['unshare', 'util-linux'],
  ['flock', 'util-linux'],
  ['mount', 'mount'],
  ['umount', 'mount'],
  ['pivot_root', 'util-linux'],
  ['mkfs.ext4', 'e2fsprogs'],
  ['e2fsck', 'e2fsprogs'],
  ['resize2fs', 'e2fsprogs'],
  ['debugfs', 'e2fsprogs'],
  ['fstrim', 'util-linux'],
  ['prlimit', 'util-linux'],
  ['setpriv', 'util-linux'],
  ['find', 'findutils'],
];

const installed = (program: string): boolean =>
  TOOL_ENV.PATH.split(':').some((dir) => {
    try {
      accessSync(`${dir}/${program}`, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });

/** Checks what needs no attempt: the system, the user, the programs. */
export const checkRequirements = (): Result<void> => {
  const unavailable = (why: string, fix: string): Result<never> =>
    fail('sandbox_unavailable', 'This machine cannot isolate builds and functions yet', fix, why);
  if (process.platform !== 'linux')
    return unavailable(`${process.platform} is not Linux`, 'Run the platform on Linux.');
  if (seccompFilter(process.arch) === undefined)
    return unavailable(
      `there is no system call filter for ${process.arch}`,
      'Run the platform on an x86-64 or arm64 machine.',
    );
  if (process.getuid?.() !== 0)
    return unavailable('the platform does not run as root', 'Start it with sudo, or as a systemd service.');
  const missing = PROGRAMS.filter(([program]) => !installed(program));
  if (missing.length > 0) {
    return unavailable(
      `missing: ${missing.map(([program]) => program).join(', ')}`,
      `apt-get install ${[...new Set(missing.map(([, pkg]) => pkg))].join(' ')}`,
    );
  }
  return ok(undefined);
};

import { createHash } from 'node:crypto';
import { readFileSync, realpathSync } from 'node:fs';

const hash = (text: string): Buffer => createHash('sha256').update(text).digest();

/** The first user id of sandboxes: above all ids that distributions, systemd and containers assign, below 2^31. */
export const FIRST_UID = 0x7000_0000;

/**
 * Returns the unprivileged host user of an identity, the same on every call and after every restart. 2^28 users: among
 * 500 identities two share one with a probability of 1 in 2,000, and namespaces still keep those two apart.
 */
export const uidOf = (identity: string): number => FIRST_UID + (hash(identity).readUInt32BE(0) & 0x0fff_ffff);

/** Returns eight hex digits that identify a data directory in every resource outside of it (cgroups, locks). */
export const instanceOf = (data: string): string => hash(realpathSync(data)).toString('hex', 0, 4);

/** Identifies a process so that a later one with the same id is never taken for it: `<pid>-<start time in ticks>`. */
export const ownerOf = (pid: number): string | undefined => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const start = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
    return start === undefined ? undefined : `${pid}-${start}`;
  } catch {
    return undefined;
  }
};

/** Returns whether the process of an owner's name still runs. */
export const ownerLives = (owner: string): boolean => ownerOf(Number.parseInt(owner, 10)) === owner;

import { readdirSync, readFileSync } from 'node:fs';

export type Memory = Readonly<{ pid: number; command: string; pssMb: number; rssMb: number }>;

/**
 * Returns the memory of a process and all its descendants. PSS divides a shared page among the processes that share it.
 */
export function memoryOfTree(root: number): readonly Memory[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const parent = parentOf(Number(name));
    if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  const found: Memory[] = [];
  const collect = (pid: number): void => {
    try {
      const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
      const field = (name: string): number =>
        Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(rollup)?.[1] ?? 0) / 1024;
      found.push({ pid, command: nameOf(pid), pssMb: field('Pss'), rssMb: field('Rss') });
    } catch {
      // It ended while we looked, or is a kernel's remnant without memory.
    }
    for (const child of children.get(pid) ?? []) collect(child);
  };
  collect(root);
  return found;
}

function parentOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return undefined;
  }
}

/** Returns the script's name of our own processes, else the program's. */
function nameOf(pid: number): string {
  const argv = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  const program = nameOfPath(argv[0] ?? '');
  const script = program === 'node' ? argv.find((part) => /^[^-].*\.(?:ts|js|mjs)$/.test(part)) : undefined; // a sandbox's own programs name what they start as well
  return script === undefined ? program : nameOfPath(script);
}

const nameOfPath = (path: string): string => path.split('/').at(-1) ?? '';

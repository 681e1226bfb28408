import { readFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';

export type Machine = Readonly<{
  cpu: string;
  cores: number;
  memoryMb: number;
  kernel: string;
  node: string;
  next: string;
  date: string;
  load: string;
}>;

export function machine(): Machine {
  const app = JSON.parse(readFileSync(new URL('../../examples/next-app/package.json', import.meta.url), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryMb: Math.round(totalmem() / 1_048_576),
    kernel: release(),
    node: process.versions.node,
    next: app.dependencies['next'] ?? 'unknown',
    date: new Date().toISOString().slice(0, 16),
    load: load(),
  };
}

/** Returns load averages of 1, 5 and 15 minutes: a figure taken on a busy machine must show that. */
export const load = (): string =>
  loadavg()
    .map((value) => value.toFixed(1))
    .join(' ');

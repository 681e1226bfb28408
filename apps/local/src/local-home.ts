import { randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { cleanDirectories } from '@anchor/adapter-local/clean-directories.ts';
import { createBackup } from '@anchor/adapter-local/platform-backup.ts';
import { openBackup } from '@anchor/adapter-local/platform-restore.ts';
import { diskSpace } from '@anchor/adapter-local/disk-room.ts';
import { remoteHead } from '@anchor/builder/source/remote-head.ts';
import { fail, ok } from '@anchor/core/result/result.ts';
import { collectGarbage, DEFAULT_RETENTION } from '@anchor/core/retention/gc.ts';
import type { Sandboxes } from '@anchor/core/ports/sandbox.ts';
import type { Check, Home } from '@anchor/server/home.ts';
import type { Opened } from './open-ports.ts';
import type { Settings } from './settings.ts';

/** What only a machine of one's own can do: clean its directories, write a backup, look at its processes. */
export function localHome(opened: Opened, sandboxes: Sandboxes, settings: Settings, env: NodeJS.ProcessEnv, restart: (directory: string) => void): Home {
  const { ports, paths } = opened;
  /** A clean-up must not remove what a backup is about to read. */
  let busy: string | undefined;
  const alone = async <T>(what: string, run: () => Promise<T>) => {
    if (busy !== undefined) return fail('conflict', `A ${busy} runs at the moment`, 'Try again when it is done.');
    busy = what;
    try {
      return ok(await run());
    } finally {
      busy = undefined;
    }
  };

  return {
    async remoteHead(project, branch) {
      if (project.source.kind !== 'git') return fail('unsupported', 'The project has no repository elsewhere', 'Push to its own remote.');
      const credentials = project.gitCredentials === undefined ? ok(undefined) : await ports.secrets.open(project.gitCredentials, `git/${project.id}`);
      if (!credentials.ok) return credentials;
      return remoteHead({
        url: project.source.url, branch, allowHosts: settings.allowGitHosts, path: env['PATH'] ?? '/usr/bin:/bin',
        ...(credentials.value === undefined ? {} : { credentials: credentials.value }),
        ...(settings.trustStore === undefined ? {} : { trustStore: settings.trustStore }),
      });
    },
    gc: ({ dryRun }) =>
      alone('clean-up', async () => {
        const before = ports.clock.now() - DEFAULT_RETENTION.graceMs;
        const report = await collectGarbage(ports, { ...DEFAULT_RETENTION, artifactDays: settings.artifactDays, recordDays: settings.recordDays })({ dryRun });
        if (!dryRun) await cleanDirectories(paths.trees, new Set(report.keptTrees), before);
        if (!dryRun) await cleanDirectories(join(paths.data, 'cache'), new Set(report.keptDeployments), before);
        return report;
      }),
    async backup() {
      const file = join(paths.temporary, `backup-${randomUUID()}.tar.gz`);
      const made = await alone('backup', () => createBackup(opened.db, paths, file));
      if (!made.ok) return made;
      if (!made.value.ok) return made.value;
      return ok(streamAndRemove(file));
    },
    async restore(content) {
      const file = join(paths.temporary, `restore-${randomUUID()}.tar.gz`);
      const directory = join(paths.data, `restoring-${randomUUID()}`);
      const opening = await alone('restore', async () => {
        try {
          await pipeline(content, createWriteStream(file, { mode: 0o600 }));
          return await openBackup(file, directory);
        } finally {
          await rm(file, { force: true });
        }
      });
      const checked = opening.ok ? opening.value : opening;
      // The supervisor stops everything (this answer still leaves), swaps the directories and starts again.
      if (checked.ok) restart(directory);
      else await rm(directory, { recursive: true, force: true });
      return checked;
    },
    disk: () => diskSpace(paths.data),
    async projectRemoved(projectId) {
      await sandboxes.removeDisk(projectId.replaceAll('_', '-'));
    },
    git: { repositoryPath: paths.repository },
    checks: () => checks(opened, sandboxes, settings),
  };
}

async function* streamAndRemove(file: string): AsyncIterable<Uint8Array> {
  try {
    for await (const chunk of createReadStream(file)) if (chunk instanceof Uint8Array) yield chunk;
  } finally {
    await rm(file, { force: true });
  }
}

async function checks(opened: Opened, sandboxes: Sandboxes, settings: Settings): Promise<readonly Check[]> {
  const sandbox = await sandboxes.available();
  const room = await opened.ports.capacity.roomForBuild();
  const host = await opened.functions.status();
  const edge = await opened.ports.probe.request('anchor-doctor.invalid' as Parameters<typeof opened.ports.probe.request>[0], '/', 2_000);
  const depth = await opened.ports.queue.depth();
  const check = (name: string, good: string, result: Readonly<{ ok: true } | { ok: false; error: { message: string; fix: string; cause?: string } }>): Check =>
    result.ok ? { name, ok: true, message: good } : { name, ok: false, message: result.error.cause === undefined ? result.error.message : `${result.error.message}: ${result.error.cause}`, fix: result.error.fix };
  return [
    settings.unsafeNoSandbox ? { name: 'sandbox', ok: false, message: 'Builds and functions are not isolated (--unsafe-no-sandbox)', fix: 'Start without the flag on a machine that can isolate them.' } : check('sandbox', 'builds and functions are isolated', sandbox),
    check('disk', 'there is room for builds', room),
    check('functions', host.ok ? `${host.value.instances.length} running` : '', host),
    check('edge', `answers on ${settings.host}:${settings.edgePort}`, edge),
    { name: 'queue', ok: depth.dead === 0, message: `${depth.waiting} waiting, ${depth.leased} running, ${depth.dead} given up`, ...(depth.dead === 0 ? {} : { fix: 'Look at them with: anchor dead-letters list' }) },
  ];
}

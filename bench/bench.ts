import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createProject } from '../e2e/helpers.ts';
import { startPlatform, type Platform } from '../e2e/platform.ts';
import { createRepository, nodeServer } from '../e2e/repository.ts';
import { coldBuild, type BareApp } from './subjects/bare.ts';
import { firstPush, type Demo } from './subjects/demo.ts';

/** The state that cases share. Each thing is created when a case first needs it; `close` removes everything. */
export type Bench = ReturnType<typeof createBench>;

/** Unused functions stop after a second, so that one case's do not weigh on the next. */
const SLEEPY = { functions: { idleSeconds: 1 } };

export function createBench(say: (line: string) => void) {
  const ends: (() => Promise<unknown>)[] = [];
  const coldSeconds: number[] = [];
  let running: Promise<Platform> | undefined;
  let app: BareApp | undefined;
  let site: Demo | undefined;

  const temporary = async (): Promise<string> => {
    const directory = await mkdtemp(join(tmpdir(), 'anchor-bench-'));
    ends.push(() => rm(directory, { recursive: true, force: true }));
    return directory;
  };

  async function start(): Promise<Platform> {
    const platform = await startPlatform();
    ends.push(() => platform.stop());
    // Node and npm of the builds are there before anything is timed, as they are on the other side.
    await createProject(platform, 'warm', SLEEPY);
    const repository = await createRepository();
    const pushed = await repository
      .commit({
        ...nodeServer("res.end('warm')"),
        'package.json': JSON.stringify({
          name: 'warm',
          private: true,
          engines: { node: '>=20' },
          scripts: { start: 'node server.js' },
        }),
      })
      .then(() => repository.push(platform, 'warm'));
    await repository.remove();
    if (!pushed.output.includes('Live at')) throw new Error(pushed.output);
    return platform;
  }
  const platform = (): Promise<Platform> => (running ??= start());

  /** Returns the directory of the Node version that the platform builds and runs with. */
  async function node(): Promise<string> {
    const { data } = await platform();
    const [version] = (await readdir(join(data, 'nodes')))
      .filter((name) => /^\d+\.\d+\.\d+$/.test(name))
      .sort()
      .toReversed();
    if (version === undefined) throw new Error('the platform has no Node version');
    return join(data, 'nodes', version);
  }

  return {
    say,
    temporary,
    platform,
    node,
    onEnd: (end: () => Promise<unknown>): void => void ends.push(end),
    /** Runs one bare build in an empty directory; the first one stays as the application to start. Returns seconds. */
    async coldBuild(): Promise<number> {
      const { seconds, app: built } = await coldBuild(await temporary(), await node());
      if (app === undefined) app = built;
      else await rm(built.directory, { recursive: true, force: true });
      coldSeconds.push(seconds);
      return seconds;
    },
    /** Seconds of the bare builds of this run. */
    coldSeconds: (): readonly number[] => coldSeconds,
    async bare(): Promise<BareApp> {
      if (app === undefined) await this.coldBuild();
      if (app === undefined) throw new Error('no bare build');
      return app;
    },
    /** Makes the first push of a project of this name; the first of all stays as the demo. Returns seconds. */
    async firstPush(project: string): Promise<Readonly<{ seconds: number; demo: Demo }>> {
      const first = await firstPush(await platform(), project, SLEEPY);
      site ??= first.demo;
      ends.push(() => first.demo.repository.remove());
      return first;
    },
    async demo(): Promise<Demo> {
      return site ?? (await this.firstPush('demo')).demo;
    },
    async close(): Promise<void> {
      for (const end of ends.splice(0).toReversed())
        await end().catch((error: unknown) => say(`cleaning up: ${String(error)}`));
    },
  };
}

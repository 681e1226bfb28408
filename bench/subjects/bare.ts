import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../e2e/platform.ts';
import { runCommand } from './run.ts';

export const EXAMPLE = fileURLToPath(new URL('../../examples/next-app', import.meta.url));

/** The other side: the same application, built and started by hand with the same Node. */
export type BareApp = Readonly<{ directory: string; node: string }>;
export type NextStart = Readonly<{ port: number; pid: number; spawnedAt: number; stop(): Promise<void> }>;

/** Returns what a build on the platform gets too: no questions, no telemetry, no advertising. */
const environment = (node: string, home: string): Record<string, string> => ({
  PATH: `${join(node, 'bin')}:/usr/local/bin:/usr/bin:/bin`,
  HOME: home,
  LANG: 'C.UTF-8',
  CI: '1',
  NO_COLOR: '1',
  NEXT_TELEMETRY_DISABLED: '1',
  NODE_ENV: '',
  npm_config_cache: join(home, 'npm-cache'),
  npm_config_fund: 'false',
  npm_config_audit: 'false',
  npm_config_update_notifier: 'false',
  npm_config_progress: 'false',
  ...(process.env['NODE_EXTRA_CA_CERTS'] === undefined
    ? {}
    : { NODE_EXTRA_CA_CERTS: process.env['NODE_EXTRA_CA_CERTS'] }),
});

/**
 * Runs `npm ci && next build` for an application in an empty directory with an empty package cache. Returns how long it
 * took.
 */
export async function coldBuild(
  home: string,
  node: string,
  source = EXAMPLE,
): Promise<Readonly<{ seconds: number; app: BareApp }>> {
  const directory = join(home, 'app');
  await mkdir(home, { recursive: true });
  await cp(source, directory, {
    recursive: true,
    dereference: true,
    filter: (path) => !/\/(?:node_modules|\.next)(?:\/|$)/.test(path.slice(source.length)),
  });
  const npm = join(dirname(createRequire(import.meta.url).resolve('npm/package.json')), 'bin/npm-cli.js');
  const { NODE_ENV: _, ...env } = environment(node, home);
  const installed = await runCommand([join(node, 'bin/node'), npm, 'ci'], { cwd: directory, env });
  const built = await runCommand([join(node, 'bin/node'), 'node_modules/next/dist/bin/next', 'build'], {
    cwd: directory,
    env,
  });
  return { seconds: installed + built, app: { directory, node } };
}

/** Runs `next start`; resolves at once when `wait` is false, else when it accepts connections. */
export async function nextStart(app: BareApp, wait = true): Promise<NextStart> {
  const port = await freePort();
  const spawnedAt = performance.now();
  const child = spawn(
    join(app.node, 'bin/node'),
    ['node_modules/next/dist/bin/next', 'start', '-p', String(port), '-H', '127.0.0.1'],
    {
      cwd: app.directory,
      env: { ...environment(app.node, app.directory), NODE_ENV: 'production' },
      stdio: 'ignore',
      detached: true,
    },
  );
  const started: NextStart = { port, pid: child.pid ?? 0, spawnedAt, stop: () => stop(child) };
  if (wait) await connects(port, 30_000);
  return started;
}

/** Resolves when something listens on the port; checks every 2 ms. */
export async function connects(port: number, ms: number): Promise<void> {
  const until = performance.now() + ms;
  for (;;) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1');
      socket.once('connect', () => {
        socket.destroy();
        resolve(true);
      });
      socket.once('error', () => resolve(false));
    });
    if (open) return;
    if (performance.now() > until) throw new Error(`nothing listens on ${port}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** Ends the process and, since it leads a group of its own, whatever it started. */
async function stop(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  process.kill(-child.pid, 'SIGKILL');
  await exited;
}

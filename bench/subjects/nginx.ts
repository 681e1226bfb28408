import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { freePort } from '../../e2e/platform.ts';
import { memoryOfTree } from '../measure/memory.ts';
import { connects } from './bare.ts';

const START_MS = 10_000;

/** `pids`: the main process, its workers, and the two processes that keep its cache. */
export type Nginx = Readonly<{ port: number; pids: readonly number[]; stop(): Promise<void> }>;

/**
 * Starts nginx with one worker per core. It serves the files of a built application, its pages through proxy_cache, and
 * its home page as a plain file at /prerendered. Resolves when every worker runs.
 */
export async function startNginx(directory: string, app: string, upstream: number): Promise<Nginx> {
  const port = await freePort();
  await mkdir(join(directory, 'cache'), { recursive: true });
  const file = join(directory, 'nginx.conf');
  await writeFile(
    file,
    `user root;
worker_processes ${cpus().length};
pid ${directory}/nginx.pid;
error_log ${directory}/error.log;
events { worker_connections 1024; }
http {
  include /etc/nginx/mime.types;
  sendfile on; tcp_nopush on; etag on; open_file_cache max=1000; keepalive_requests 1000000;
  access_log ${directory}/access.log combined buffer=64k flush=1s;
  client_body_temp_path ${directory}/body; proxy_temp_path ${directory}/proxy; fastcgi_temp_path ${directory}/fcgi; uwsgi_temp_path ${directory}/uwsgi; scgi_temp_path ${directory}/scgi;
  proxy_cache_path ${directory}/cache keys_zone=pages:10m;
  server {
    listen 127.0.0.1:${port} reuseport;
    location /_next/static/ { alias ${app}/.next/static/; add_header cache-control "public, max-age=31536000, immutable"; }
    location = /prerendered { alias ${app}/.next/server/app/index.html; default_type text/html; }
    location / { proxy_pass http://127.0.0.1:${upstream}; proxy_cache pages; proxy_cache_valid 200 1h; proxy_ignore_headers Vary Cache-Control; }
  }
}
`,
  );
  return runNginx(directory, file, port);
}

/** Runs nginx with a configuration that listens on `port`. Resolves when every worker runs. */
export async function runNginx(directory: string, file: string, port: number): Promise<Nginx> {
  // In a session of its own, as every service is (and our workers are): the scheduler weighs sessions, not processes.
  const child = spawn('nginx', ['-c', file, '-g', 'daemon off;'], {
    stdio: ['ignore', 'ignore', 'inherit'],
    detached: true,
  });
  const exited = once(child, 'exit');
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    await exited;
  };
  const failed = exited.then(() => {
    throw new Error(`nginx did not start: see ${directory}/error.log`);
  });
  try {
    await Promise.race([connects(port, START_MS), failed]);
    const pids = await Promise.race([allProcesses(child.pid ?? 0), failed]);
    return { port, pids, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/**
 * Waits until nginx has forked everything that it runs. The main process listens before it forks its workers, so a
 * connection succeeds while one or both are still missing; a list taken then counts half of nginx's processor time or
 * none of it.
 */
async function allProcesses(main: number): Promise<readonly number[]> {
  const until = performance.now() + START_MS;
  for (;;) {
    const processes = memoryOfTree(main);
    const workers = processes.filter(({ command }) => command.startsWith('nginx: worker')).length;
    if (workers === cpus().length)
      return processes.filter(({ command }) => !command.includes('loader')).map(({ pid }) => pid);
    if (performance.now() > until) throw new Error(`nginx runs ${workers} of ${cpus().length} workers`);
    await pause(10);
  }
}

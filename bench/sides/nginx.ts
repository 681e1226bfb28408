import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../e2e/platform.ts';
import { connects } from './bare.ts';

/** nginx with one worker a core: files of a built application, and its pages through proxy_cache, and its home page as a plain file at /prerendered. */
export async function startNginx(directory: string, app: string, upstream: number): Promise<Readonly<{ port: number; pid: number; stop(): Promise<void> }>> {
  const port = await freePort();
  await mkdir(join(directory, 'cache'), { recursive: true });
  const file = join(directory, 'nginx.conf');
  await writeFile(file, `user root;
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
`);
  // In a session of its own, as every service is (and our workers are): the scheduler weighs sessions, not processes.
  const child = spawn('nginx', ['-c', file, '-g', 'daemon off;'], { stdio: ['ignore', 'ignore', 'inherit'], detached: true });
  const exited = once(child, 'exit');
  await Promise.race([connects(port, 10_000), exited.then(() => { throw new Error('nginx did not start'); })]);
  return {
    port,
    pid: child.pid ?? 0,
    async stop() {
      child.kill('SIGTERM');
      await exited;
    },
  };
}

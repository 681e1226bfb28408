import { mkdir, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../e2e/platform.ts';
import { runNginx, type Nginx } from './nginx.ts';

/** Starts nginx with one worker per core, which serves `body` at /file.html with this certificate. */
export async function startTlsNginx(
  directory: string,
  body: string,
  { chainPem, keyPem }: Readonly<{ chainPem: string; keyPem: string }>,
): Promise<Nginx> {
  const port = await freePort();
  await mkdir(join(directory, 'files'), { recursive: true });
  await writeFile(join(directory, 'files', 'file.html'), body);
  await writeFile(join(directory, 'chain.pem'), chainPem);
  await writeFile(join(directory, 'key.pem'), keyPem, { mode: 0o600 });
  const file = join(directory, 'nginx.conf');
  await writeFile(
    file,
    `user root;
worker_processes ${cpus().length};
pid ${directory}/nginx.pid;
error_log ${directory}/error.log;
events { worker_connections 4096; }
http {
  include /etc/nginx/mime.types;
  sendfile on; tcp_nopush on; etag on; open_file_cache max=1000; keepalive_requests 100000000;
  access_log ${directory}/access.log combined buffer=64k flush=1s;
  client_body_temp_path ${directory}/body; proxy_temp_path ${directory}/proxy; fastcgi_temp_path ${directory}/fcgi; uwsgi_temp_path ${directory}/uwsgi; scgi_temp_path ${directory}/scgi;
  server {
    listen 127.0.0.1:${port} ssl http2 reuseport;
    ssl_certificate ${directory}/chain.pem; ssl_certificate_key ${directory}/key.pem;
    ssl_protocols TLSv1.2 TLSv1.3; ssl_ecdh_curve X25519:prime256v1; ssl_session_cache shared:tls:10m; ssl_session_tickets on;
    ssl_ciphers ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305;
    root ${directory}/files;
  }
}
`,
  );
  return runNginx(directory, file, port);
}

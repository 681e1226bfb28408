import { execFile } from 'node:child_process';

/** Handshakes by `openssl s_time`, which is one connection at a time per process. */
export type HandshakeOptions = Readonly<{ port: number; resumed: boolean; seconds: number; processes: number }>;

/**
 * Returns handshakes per second. Full ones are TLS 1.3; resumed ones are TLS 1.2, because s_time closes a connection
 * before the tickets of TLS 1.3 arrive.
 */
export async function handshakes({ port, resumed, seconds, processes }: HandshakeOptions): Promise<number> {
  const counts = await Promise.all(
    Array.from({ length: processes }, () => run(port, resumed ? ['-reuse', '-tls1_2'] : ['-new', '-tls1_3'], seconds)),
  );
  return counts.reduce((sum, count) => sum + count, 0) / seconds;
}

function run(port: number, mode: readonly string[], seconds: number): Promise<number> {
  return new Promise((resolve, reject) => {
    execFile(
      'openssl',
      ['s_time', '-connect', `127.0.0.1:${port}`, ...mode, '-time', String(seconds)],
      { timeout: (seconds + 30) * 1_000 },
      (error, stdout, stderr) => {
        const count = Number(/^(\d+) connections in [\d.]+s;/m.exec(stdout)?.[1] ?? 0);
        if (count === 0) return reject(new Error(`openssl s_time failed: ${error?.message ?? ''} ${stderr}`));
        resolve(count);
      },
    );
  });
}

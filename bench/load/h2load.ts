import { execFile } from 'node:child_process';

export type H2loadOptions = Readonly<{
  port: number;
  path: string;
  connections: number;
  /** Streams at a time on each connection. */
  streams: number;
  seconds: number;
}>;

/** Returns requests per second over HTTP/2 and TLS. Rejects when one of them failed. */
export function h2load({ port, path, connections, streams, seconds }: H2loadOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    execFile(
      'h2load',
      [`-c${connections}`, `-m${streams}`, '-t1', `-D${seconds}`, `https://127.0.0.1:${port}${path}`],
      { timeout: (seconds + 30) * 1_000 },
      (error, stdout) => {
        if (error !== null)
          return reject(
            new Error(
              'code' in error && error.code === 'ENOENT'
                ? 'h2load is not installed: apt-get install nghttp2-client'
                : `h2load failed: ${error.message}`,
            ),
          );
        const perSecond = Number(/finished in [\d.]+s, ([\d.]+) req\/s/.exec(stdout)?.[1] ?? Number.NaN);
        const failed = /(\d+) failed, (\d+) errored, (\d+) timeout/.exec(stdout)?.slice(1).map(Number) ?? [1];
        if (failed.some((count) => count > 0)) return reject(new Error(`h2load: requests failed\n${stdout}`));
        resolve(perSecond);
      },
    );
  });
}

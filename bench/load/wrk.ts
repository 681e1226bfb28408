import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Latencies in milliseconds. `errors`: sockets that failed or timed out, and responses that were not 2xx or 3xx. */
export type WrkResult = Readonly<{ requests: number; perSecond: number; p50: number; p99: number; errors: number }>;
export type WrkOptions = Readonly<{
  port: number;
  host: string;
  path: string;
  connections: number;
  seconds: number;
  headers?: Readonly<Record<string, string>>;
  /** Over TLS; whatever certificate the server has is taken. */
  secure?: boolean;
}>;

/** Runs wrk on one thread, so that both sides have the same load generator beside them. */
export const wrk = ({ host, path, headers = {}, ...rest }: WrkOptions): Promise<WrkResult> =>
  run(
    { path, ...rest },
    Object.entries({ Host: host, ...headers }).flatMap(([name, value]) => ['-H', `${name}: ${value}`]),
  );

/** Measures with another host at each request, one after the other. */
export async function wrkHosts({
  hosts,
  path,
  ...rest
}: Omit<WrkOptions, 'host' | 'headers'> & Readonly<{ hosts: readonly string[] }>): Promise<WrkResult> {
  const directory = await mkdtemp(join(tmpdir(), 'anchor-bench-'));
  try {
    const script = join(directory, 'hosts.lua');
    await writeFile(
      script,
      `local hosts = {${hosts.map((host) => JSON.stringify(host)).join(', ')}}
local requests, at = {}, 0
function init() for i, host in ipairs(hosts) do requests[i] = wrk.format('GET', ${JSON.stringify(path)}, { Host = host }) end end
function request() at = at % #requests + 1 return requests[at] end
`,
    );
    return await run({ path, ...rest }, ['-s', script]);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function run(
  { port, path, connections, seconds, secure = false }: Omit<WrkOptions, 'host' | 'headers'>,
  more: readonly string[],
): Promise<WrkResult> {
  return new Promise((resolve, reject) => {
    execFile(
      'wrk',
      [
        '-t1',
        `-c${connections}`,
        `-d${seconds}s`,
        '--latency',
        '--timeout',
        '10s',
        ...more,
        `${secure ? 'https' : 'http'}://127.0.0.1:${port}${path}`,
      ],
      { timeout: (seconds + 30) * 1_000 },
      (error, stdout, stderr) => {
        if (error !== null)
          return reject(
            new Error(
              'code' in error && error.code === 'ENOENT'
                ? 'wrk is not installed: apt-get install wrk'
                : `wrk failed: ${stderr}`,
            ),
          );
        resolve(parseWrk(stdout));
      },
    );
  });
}

export function parseWrk(text: string): WrkResult {
  const perSecond = Number(/Requests\/sec:\s+([\d.]+)/.exec(text)?.[1] ?? Number.NaN);
  const sockets = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(text)?.slice(1) ?? [];
  const status = Number(/Non-2xx or 3xx responses: (\d+)/.exec(text)?.[1] ?? 0);
  return {
    requests: Number(/(\d+) requests in/.exec(text)?.[1] ?? 0),
    perSecond,
    p50: latency(text, 50),
    p99: latency(text, 99),
    errors: status + sockets.reduce((sum, count) => sum + Number(count), 0),
  };
}

function latency(text: string, percent: number): number {
  const match = new RegExp(`^\\s*${percent}%\\s+([\\d.]+)(us|ms|s|m)\\s*$`, 'm').exec(text);
  const scale = { us: 0.001, ms: 1, s: 1_000, m: 60_000 }[match?.[2] ?? ''] ?? Number.NaN;
  return Number(match?.[1] ?? Number.NaN) * scale;
}

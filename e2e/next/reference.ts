/** The same fixture app under `next start`: the reference for the responses of a deployed site. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, readFile, rm, writeFile, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { eventually, freePort, plain, type HttpResponse, type RequestOptions } from '../platform.ts';
import { APPS } from '../repository.ts';
import { installPackages } from './shared-packages.ts';

export type Reference = Readonly<{
  port: number;
  buildId: string;
  request(path: string, options?: RequestOptions): Promise<HttpResponse>;
  /** Ends the server and removes its files. */
  stop(): Promise<void>;
}>;

/** Installs, builds without the platform's adapter, and starts. */
export async function startReference({
  app,
  files = {},
  env = {},
}: Readonly<{
  app: string;
  files?: Readonly<Record<string, string>>;
  env?: Readonly<Record<string, string>>;
}>): Promise<Reference> {
  const directory = await mkdtemp(join(tmpdir(), 'anchor-test-'));
  await cp(join(APPS, app), directory, {
    recursive: true,
    dereference: true,
    filter: (file) => !/\/(node_modules|\.next)(\/|$)/.test(file.slice(APPS.length)),
  });
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(directory, name)), { recursive: true });
    await writeFile(join(directory, name), content);
  }
  const start = ([command = '', ...args]: readonly string[]): { child: ChildProcess; output(): string } => {
    const child = spawn(command, args, {
      cwd: directory,
      env: { PATH: process.env['PATH'], HOME: process.env['HOME'], NEXT_TELEMETRY_DISABLED: '1', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => (output += text));
    return { child, output: () => output };
  };
  const run = async (command: readonly string[]): Promise<void> => {
    const { child, output } = start(command);
    const [code] = await once(child, 'close');
    if (code !== 0) throw new Error(`${command.join(' ')} ended with ${code}:\n${output().slice(-4000)}`);
  };
  await installPackages(directory);
  const next = [process.execPath, 'node_modules/next/dist/bin/next'];
  await run([...next, 'build']);
  const port = await freePort();
  const { child, output } = start([...next, 'start', '--port', String(port), '--hostname', 'localhost']);
  const request: Reference['request'] = (path, options = {}) => plain(port, 'localhost', path, options);
  await eventually(
    async () => (await request('/_next/none')).status > 0,
    180_000,
    () => `next start does not respond:\n${output()}`,
  );
  return {
    port,
    request,
    buildId: (await readFile(join(directory, '.next/BUILD_ID'), 'utf8')).trim(),
    async stop() {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGTERM');
        await once(child, 'exit');
      }
      await rm(directory, { recursive: true, force: true });
    },
  };
}

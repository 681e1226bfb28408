/**
 * A fixture app through the real way: npm ci, next build with our adapter, packaging, files on disk, the function
 * process. No sandbox.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, realpath, rm } from 'node:fs/promises';
import { request, type IncomingHttpHeaders } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openBlobStore } from '@anchor/adapter-local/blobs/blob-store.ts';
import { createFileTrees } from '@anchor/function-host/file-trees.ts';
import { emitModules } from '@anchor/function-host/modules.ts';
import { packageNext } from '@anchor/packaging/next/package-next.ts';
import { createArtifactStore } from '@anchor/packaging/output/artifact-store.ts';
import { createCompressor } from '@anchor/packaging/output/compressor.ts';
import { DEFAULT_ARTIFACT_LIMITS } from '@anchor/packaging/output/limits.ts';
import type { WebComponent } from '@anchor/protocol/artifact/web/component.ts';
import { installPackages } from './next/shared-packages.ts';

export type BuiltApp = Readonly<{
  directory: string;
  app: string;
  tree: string;
  runtimeDir: string;
  component: WebComponent;
  remove(): Promise<void>;
}>;

export async function buildApp(name: string, env: Readonly<Record<string, string>> = {}): Promise<BuiltApp> {
  const directory = await realpath(await mkdtemp(join(tmpdir(), 'anchor-test-')));
  const app = join(directory, 'app');
  await cp(fileURLToPath(new URL(`./apps/${name}`, import.meta.url)), app, { recursive: true });
  await installPackages(app);
  const { runtimeDir, adapterPath } = await emitModules({ modules: join(directory, 'modules') });
  await run(app, [process.execPath, 'node_modules/next/dist/bin/next', 'build'], {
    NEXT_ADAPTER_PATH: adapterPath,
    ANCHOR_DEPLOYMENT_ID: 'dpl_00000000000000000001',
    NEXT_TELEMETRY_DISABLED: '1',
    ...env,
  });
  const blobs = openBlobStore(join(directory, 'blobs'));
  const store = createArtifactStore({
    blobs,
    compressor: createCompressor({ blobs, dir: join(directory, 'compressed') }),
    limits: DEFAULT_ARTIFACT_LIMITS,
    secrets: [],
  });
  const packaged = await packageNext({ root: app, project: '', node: process.versions.node }, store);
  if (!packaged.ok) throw new Error(JSON.stringify(packaged.error));
  const tree = await createFileTrees({ trees: join(directory, 'trees') }, { blobs }).materialize(
    packaged.value.function!.tree,
  );
  if (!tree.ok) throw new Error(JSON.stringify(tree.error));
  return {
    directory,
    app,
    tree: tree.value,
    runtimeDir,
    component: packaged.value,
    remove: () => rm(directory, { recursive: true, force: true }),
  };
}

async function run(
  cwd: string,
  [command = '', ...args]: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<void> {
  const child = spawn(command, args, {
    cwd,
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}:\n${output.slice(-4000)}`);
}

export type FunctionResponse = Readonly<{
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
  text: string;
  chunks: readonly string[];
}>;
export type Call = Readonly<{
  method?: string;
  headers?: Record<string, string>;
  body?: string | Buffer;
  abortAfterFirstChunk?: boolean;
  onChunk?: (text: string) => void;
}>;
export type RunningFunction = Readonly<{
  child: ChildProcess;
  get(path: string, call?: Call): Promise<FunctionResponse>;
  output(): string;
  /** Resolves when the output matches. */
  logged(pattern: RegExp): Promise<RegExpExecArray>;
  /** SIGTERM; the exit code. */
  stop(): Promise<number | null>;
}>;

let started = 0;

export async function startFunction(
  built: BuiltApp,
  options: Readonly<{ cache: string; node?: string; env?: Record<string, string> }>,
): Promise<RunningFunction> {
  const run = join(built.directory, `run-${++started}`);
  await mkdir(run);
  const socket = join(run, 'fn.sock');
  const child = spawn(
    options.node ?? process.execPath,
    [join(built.runtimeDir, 'next-server.js'), join(built.tree, built.component.function!.entry!)],
    {
      cwd: built.tree,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env['PATH'],
        ANCHOR_SOCKET: socket,
        ANCHOR_CACHE: join(built.directory, options.cache),
        ...options.env,
      },
    },
  );
  return watch(child, socket);
}

/** A server process on a unix socket, ready when that accepts. */
export async function watch(child: ChildProcess, socket: string): Promise<RunningFunction> {
  let output = '';
  for (const stream of [child.stdout!, child.stderr!])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  const exited = once(child, 'exit');
  const deadline = Date.now() + 20_000;
  while (!(await accepts(socket))) {
    if (child.exitCode !== null || Date.now() > deadline) {
      child.kill('SIGKILL');
      throw new Error(`It does not listen:\n${output}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return {
    child,
    get: (path, call) => callSocket(socket, path, call),
    output: () => output,
    async logged(pattern) {
      const end = Date.now() + 10_000;
      for (;;) {
        const found = pattern.exec(output);
        if (found !== null) return found;
        if (Date.now() > end) throw new Error(`${pattern} was not written:\n${output}`);
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    },
    async stop() {
      if (child.exitCode === null) child.kill('SIGTERM');
      const [code] = await exited;
      return code as number | null;
    },
  };
}

const accepts = (path: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(path, () => resolve(true)).on('error', () => resolve(false));
    socket.on('connect', () => socket.destroy());
  });

export const callSocket = (socketPath: string, path: string, call: Call = {}): Promise<FunctionResponse> =>
  new Promise((resolve, reject) => {
    const sent = request(
      {
        socketPath,
        path,
        method: call.method ?? 'GET',
        headers: { host: 'site.localhost:7480', 'x-forwarded-proto': 'http', 'x-request-id': 'req-1', ...call.headers },
        agent: false,
      },
      (response) => {
        const chunks: Buffer[] = [];
        const finish = (): void => {
          const body = Buffer.concat(chunks);
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body,
            text: body.toString('utf8'),
            chunks: chunks.map((bytes) => bytes.toString('utf8')),
          });
        };
        response.on('data', (bytes: Buffer) => {
          chunks.push(bytes);
          call.onChunk?.(bytes.toString('utf8'));
          if (call.abortAfterFirstChunk === true) {
            sent.destroy();
            finish();
          }
        });
        response.on('end', finish);
        response.on('error', (cause) => (call.abortAfterFirstChunk === true ? undefined : reject(cause)));
      },
    );
    sent.on('error', (cause) => (call.abortAfterFirstChunk === true ? undefined : reject(cause)));
    sent.end(call.body);
  });

import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { isDeployKey } from '@anchor/core/projects/deploy-key.ts';
import type { SandboxHandle } from '@anchor/core/ports/sandbox.ts';
import { parseRepositoryUrl } from '@anchor/core/projects/repository-url.ts';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';
import { capture } from '../session/command.ts';
import { SANDBOX_PATHS } from '@anchor/protocol/sandbox-paths.ts';
import { runInSandbox, sandboxGitCall, type FetchContext, type Run } from './git-run.ts';
import { onHost, type HostAccess } from './host-git.ts';
import { resolveAllowedHost } from './ssrf-guard.ts';
import type { PointerFile } from './lfs-pointer-files.ts';

/** Where Git LFS files are: in the platform's own repository, or at a git host. */
export type LfsSource =
  | Readonly<{ kind: 'directory'; path: string }>
  | Readonly<{ kind: 'url'; url: string; branch?: string; credentials?: string }>;

export type DownloadResult = Readonly<{ missing: readonly string[] }>;

const DOWNLOAD_SCRIPT = fileURLToPath(new URL('lfs-fetch.mjs', import.meta.url));
const LFS_PATHS = { node: '/lfs/node', script: '/lfs/fetch.mjs' } as const;
export const DOWNLOAD_FOLDER = '.anchor-lfs';

const LFS_ENDPOINT_SETTING = /^(?:lfs|remote\.origin)\.(?:url|lfsurl)\n([^]+)$/;

export async function downloadFromHost(
  context: FetchContext,
  folder: string,
  source: Extract<LfsSource, { kind: 'url' }>,
  files: readonly PointerFile[],
): Promise<Result<DownloadResult>> {
  const api = await lfsEndpoint(context, folder, source.url);
  if (!api.ok) return api;
  const { host } = api.value;
  const reach = await resolveAllowedHost(host, context.allowHosts);
  if (!reach.ok) return reach;
  const objects = [...new Map(files.map(({ oid, size }) => [oid, { oid, size }])).values()];
  const beside = reach.value.via === 'machine';
  const job = {
    api: api.value.url,
    objects,
    sameHost: beside,
    directory: `${beside ? context.work.home : SANDBOX_PATHS.home}/${DOWNLOAD_FOLDER}`,
    ...(source.branch === undefined ? {} : { ref: `refs/heads/${source.branch}` }),
    ...(source.credentials !== undefined &&
    !isDeployKey(source.credentials) &&
    new URL(source.url).origin === new URL(api.value.url).origin
      ? { authorization: basicAuthorization(source.credentials) }
      : {}),
  };
  const env = {
    PATH: '/usr/bin:/bin',
    HOME: SANDBOX_PATHS.home,
    ...(context.trustStore === undefined ? {} : { NODE_EXTRA_CA_CERTS: context.trustStore }),
  };
  const input = new TextEncoder().encode(JSON.stringify(job));
  if (reach.value.via === 'machine')
    return parseDownloadResult(await downloadOnHost(input, env, job.directory, context), host);
  const mounts = [
    { kind: 'read', from: process.execPath, to: LFS_PATHS.node },
    { kind: 'read', from: DOWNLOAD_SCRIPT, to: LFS_PATHS.script },
  ] as const;
  return runInSandbox(
    context,
    '',
    mounts,
    [...reach.value.allow, ...context.allowNetworks],
    async (_run: Run, sandbox: SandboxHandle) =>
      parseDownloadResult(
        (await capture(sandbox, { argv: [LFS_PATHS.node, LFS_PATHS.script], env, cwd: '/', input }, 1 << 20)).stdout,
        host,
      ),
  );
}

/** Downloads from a git host on this machine's loopback, allowed by the operator, which no sandbox reaches. */
async function downloadOnHost(
  input: Uint8Array,
  env: Readonly<Record<string, string>>,
  directory: string,
  { work, machine, trustStore, signal }: FetchContext,
): Promise<string> {
  const access: HostAccess = {
    owner: work.owner,
    write: [directory],
    read: [process.execPath, DOWNLOAD_SCRIPT, ...(trustStore === undefined ? [] : [trustStore])],
    temporary: machine.temporary,
    ...(machine.filter === undefined ? {} : { filter: machine.filter }),
  };
  return onHost(access, (words) => {
    const [program = '', ...args] = [...words, process.execPath, DOWNLOAD_SCRIPT];
    return new Promise<string>((resolve) => {
      const child = spawn(program, args, { env, cwd: '/', stdio: ['pipe', 'pipe', 'ignore'], signal });
      let text = '';
      child.stdout.on('data', (chunk: Buffer) => {
        text = (text + chunk.toString()).slice(0, 1 << 20);
      });
      child.stdin.on('error', () => undefined);
      child.once('error', () => resolve(''));
      child.once('close', () => resolve(text));
      child.stdin.end(input);
    });
  });
}

function parseDownloadResult(text: string, host: string): Result<DownloadResult> {
  const report = parseJsonRecord(text);
  if (Array.isArray(report['missing']))
    return ok({ missing: report['missing'].filter((oid): oid is string => typeof oid === 'string') });
  const why = typeof report['error'] === 'string' ? report['error'] : 'The download ended without a response.';
  if (/ENOSPC|EDQUOT|no space/i.test(why))
    return fail(
      'build_out_of_disk',
      'The Git LFS files filled the build disk',
      'Keep fewer or smaller files in Git LFS, or ask the operator to raise --build-disk-mb.',
    );
  const denied = report['status'] === 401 || report['status'] === 403;
  return fail(
    'source_unreachable',
    `The Git LFS files could not be fetched from ${host}`,
    denied
      ? DENIED_FIX
      : 'Check that the git host serves Git LFS and that its quota is not used up, then deploy again.',
    why,
  );
}

const DENIED_FIX =
  'Give the project an https address with a token that can read the repository and its Git LFS files: they are not fetched by ssh.';

function parseJsonRecord(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
  } catch {
    return {};
  }
}

/**
 * Returns the server that `.lfsconfig` names, or the one that belongs to the repository's address; the rules of
 * repositories apply to both.
 */
async function lfsEndpoint(
  context: FetchContext,
  folder: string,
  repository: string,
): Promise<Result<Readonly<{ url: string; host: string }>>> {
  const named = await runInSandbox(context, folder, [], [], async (run) => {
    const { stdout } = await run(sandboxGitCall(), [
      'config',
      '--file',
      '.lfsconfig',
      '--no-includes',
      '--null',
      '--list',
    ]);
    return ok(stdout.split('\0').flatMap((entry) => LFS_ENDPOINT_SETTING.exec(entry)?.[1] ?? [])[0]);
  });
  if (!named.ok) return named;
  const usual = `${repository.replace(/\/+$/, '').replace(/\.git$/, '')}.git/info/lfs`;
  const address = parseRepositoryUrl(named.value ?? usual, { allowHosts: context.allowHosts });
  if (!address.ok) return address;
  const { url, transport, host } = address.value;
  // Public files are there by https too; there is no key for the others.
  return ok({ url: transport === 'ssh' ? `https://${host}${new URL(url).pathname}` : url, host });
}

const basicAuthorization = (credentials: string): string =>
  `Basic ${Buffer.from(credentials.includes(':') ? credentials : `${credentials}:`).toString('base64')}`;

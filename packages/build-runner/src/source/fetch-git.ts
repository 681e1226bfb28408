import { createHash } from 'node:crypto';
import { chmod, chown, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Mount } from '@anchor/core/ports/sandbox.ts';
import { parseRepositoryUrl } from '@anchor/core/projects/repository-url.ts';
import type { Result } from '@anchor/core/result/result.ts';
import type { WorkDisk } from '../disk/work-disk.ts';
import { GIT_CONFIG_TEXT, gitCall, type GitCall } from './git-settings.ts';
import { runHostGit, type HostAccess } from './host-git.ts';
import { listTree, type Listing } from './listing.ts';
import { resolveAllowedHost } from './ssrf-guard.ts';
import { IN_SANDBOX, writeDeployKey, type WrittenKey } from './ssh-identity.ts';
import { type GitSource, fetchCommit, checkout } from './git-checkout.ts';
import { type FetchContext, type Run, CONFIG_FILE, runInSandbox, REPOSITORY, sandboxGitCall } from './git-run.ts';

/**
 * Fetches one commit into a folder of the checkout, with the requested depth of history: no hooks, submodules or Git
 * LFS files, which the returned listing names. Runs as the project's user in a sandbox. A git host on this machine's
 * own loopback, allowed by the operator, is the exception: no rule leads out of a network namespace, so the objects are
 * fetched beside the sandbox, as the same user and with the same git settings (see host-git.ts).
 */
export async function fetchGit(source: GitSource, context: FetchContext, folder = ''): Promise<Result<Listing>> {
  await writeFile(join(context.work.home, CONFIG_FILE), GIT_CONFIG_TEXT, { mode: 0o644 });
  const fetch = new GitFetch(source, context, folder);
  return source.from.kind === 'directory'
    ? fetch.fromDirectory(source.from.path)
    : fetch.fromUrl(source.from.url, source.from.credentials);
}

const isRoot = (): boolean => process.getuid?.() === 0;

/** A repository on a git host, and what identifies this platform to it. */
type Remote = Readonly<{
  url: string;
  host: string;
  credentials: string | undefined;
  /** Directory of the host keys that were seen before. */
  hostKeys: string;
  key: WrittenKey | undefined;
}>;

class GitFetch {
  readonly #source: GitSource;
  readonly #context: FetchContext;
  readonly #folder: string;

  constructor(source: GitSource, context: FetchContext, folder: string) {
    this.#source = source;
    this.#context = context;
    this.#folder = folder;
  }

  fromDirectory(path: string, host = 'this platform'): Promise<Result<Listing>> {
    return this.#checkOut(sandboxGitCall(), `file://${REPOSITORY}`, host, [
      { kind: 'read', from: path, to: REPOSITORY },
    ]);
  }

  async fromUrl(address: string, given: string | undefined): Promise<Result<Listing>> {
    const { work, allowHosts, machine } = this.#context;
    const parsed = parseRepositoryUrl(address, { allowHosts });
    if (!parsed.ok) return parsed;
    const { url, host, transport } = parsed.value;
    const credentials = given ?? parsed.value.credentials;
    const reach = await resolveAllowedHost(host, allowHosts);
    if (!reach.ok) return reach;
    await mkdir(machine.temporary, { recursive: true });
    const hostKeys = await hostKeysDirectory(work, credentials);
    const owner = reach.value.via === 'sandbox' || isRoot() ? work.owner : undefined;
    const key = transport === 'ssh' ? await writeDeployKey(credentials, machine.temporary, owner) : undefined;
    const remote = { url, host, credentials, hostKeys, key };
    try {
      return reach.value.via === 'sandbox'
        ? await this.#insideSandbox(remote, reach.value.allow)
        : await this.#besideSandbox(remote, reach.value.addresses);
    } finally {
      await key?.remove();
    }
  }

  #insideSandbox(remote: Remote, allow: readonly string[]): Promise<Result<Listing>> {
    const { url, host, hostKeys, key } = remote;
    const call = gitCall({
      home: '/home/build',
      config: `/home/build/${CONFIG_FILE}`,
      path: '/usr/local/bin:/usr/bin:/bin',
      ssh: { knownHosts: IN_SANDBOX.knownHosts, ...(key === undefined ? {} : { key: IN_SANDBOX.key }) },
      ...this.#settingsFor(remote),
    });
    const mounts: readonly Mount[] = [
      { kind: 'write', from: hostKeys, to: IN_SANDBOX.hostsDirectory },
      ...(key === undefined ? [] : [{ kind: 'read', from: key.directory, to: IN_SANDBOX.keyDirectory } as const]),
    ];
    return this.#checkOut(call, url, host, mounts, allow);
  }

  /**
   * On this machine's loopback: fetched into a bare repository beside the sandbox, checked out from there inside one.
   */
  async #besideSandbox(remote: Remote, addresses: readonly string[]): Promise<Result<Listing>> {
    const { url, host, hostKeys, key } = remote;
    const { work, machine, signal } = this.#context;
    const bare = await mkdtemp(join(machine.temporary, 'fetch-'));
    try {
      if (isRoot()) await chown(bare, work.owner.uid, work.owner.gid);
      const config = join(work.home, CONFIG_FILE);
      const { trustStore } = this.#context;
      const call = gitCall({
        home: bare,
        config,
        path: machine.path,
        ssh: { knownHosts: join(hostKeys, 'known_hosts'), ...(key === undefined ? {} : { key: key.path }) },
        ...this.#settingsFor(remote),
        addresses,
        // Nothing keeps it away from other addresses of the machine.
        direct: true,
      });
      const access: HostAccess = {
        owner: work.owner,
        write: [bare, hostKeys],
        read: [
          config,
          ...(key === undefined ? [] : [key.directory]),
          ...(trustStore === undefined ? [] : [trustStore]),
        ],
        temporary: machine.temporary,
        ...(machine.filter === undefined ? {} : { filter: machine.filter }),
      };
      const run: Run = (each, args) => runHostGit(each, args, access, signal);
      const fetched = await fetchCommit(run, call, ['--bare'], url, this.#source, host);
      if (!fetched.ok) return fetched;
      await chmod(bare, 0o755);
      return await this.fromDirectory(bare, host);
    } finally {
      await rm(bare, { recursive: true, force: true });
    }
  }

  #settingsFor({ url, credentials }: Remote) {
    const { trustStore } = this.#context;
    return {
      local: false,
      url,
      ...(credentials === undefined ? {} : { credentials }),
      ...(trustStore === undefined ? {} : { trustStore }),
    };
  }

  #checkOut(
    call: GitCall,
    url: string,
    host: string,
    mounts: readonly Mount[],
    allow: readonly string[] = [],
  ): Promise<Result<Listing>> {
    return runInSandbox(this.#context, this.#folder, mounts, allow, async (run, sandbox) => {
      const out = await checkout(run, call, url, this.#source, host, this.#context.say);
      return out.ok ? listTree(sandbox, call, this.#folder) : out;
    });
  }
}

/**
 * Host keys are stored for the project's next fetch where no build of it can reach them; a new deploy key resets them.
 */
async function hostKeysDirectory(work: WorkDisk, credentials = ''): Promise<string> {
  const name = createHash('sha256').update(credentials).digest('hex').slice(0, 32);
  const parent = join(work.disk.path, 'git-hosts');
  const directory = join(parent, name);
  for (const path of [parent, directory]) await work.directory(path);
  return directory;
}

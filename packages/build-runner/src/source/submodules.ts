import { parseCommitSha } from '@anchor/core/names/name.ts';
import { parseRepositoryUrl, type RepositoryUrl } from '@anchor/core/projects/repository-url.ts';
import { anchorError, err, fail, ok, type Result } from '@anchor/core/result/result.ts';
import { resolveInTree } from '@anchor/packaging/checkout/checkout-fs.ts';
import { fetchGit } from './fetch-git.ts';
import { runInSandbox, sandboxGitCall, type FetchContext } from './git-run.ts';
import { MAX_SUBMODULES, type Listing } from './listing.ts';

/**
 * The repository that has the submodules: its address, unless it is the platform's own, and the project's credentials.
 */
export type Parent = Readonly<{
  url?: string;
  project: Readonly<{
    url?: string;
    credentials?: string;
    /** The commit comes from a fork, which could name any repository that the credentials open. */
    fork?: boolean;
  }>;
}>;
/** A fetched one, with what it was fetched with. */
export type Module = Readonly<{ path: string; parent: Parent; listing: Listing; credentials?: string }>;

const MAX_DEPTH = 8;

/**
 * Fetches the commits of other repositories that a tree names, and returns their folders. The rules of a project's own
 * address hold for each; the project's credentials go to the project's own git host only.
 */
export async function fetchSubmodules(
  context: FetchContext,
  folder: string,
  listing: Listing,
  parent: Parent,
  budget: { left: number },
  level: number,
): Promise<Result<readonly Module[]>> {
  const named = await resolveInTree(context.work.source, folder === '' ? '.gitmodules' : `${folder}/.gitmodules`);
  if (listing.links.length === 0 && named === undefined) return ok([]);
  const addresses = await readGitmodules(context, folder);
  if (!addresses.ok) return addresses;
  await reportMissingSubmodules(context, folder, listing, [...addresses.value.keys()]);
  const fetched: Module[] = [];
  for (const link of listing.links) {
    const path = folder === '' ? link.path : `${folder}/${link.path}`;
    const address = addresses.value.get(link.path);
    if (address === undefined)
      return fail(
        'source_refused',
        `The submodule ${path} has no address`,
        `Add it to .gitmodules (git submodule add <address> ${link.path}), or remove it: git rm --cached ${link.path}`,
        'The commit names a commit of another repository there, and .gitmodules does not say which one.',
      );
    if (address.update === 'none') {
      context.say(`The submodule ${path} is left out: .gitmodules says "update = none"`);
      continue;
    }
    if (level > MAX_DEPTH || budget.left-- <= 0)
      return fail(
        'source_refused',
        `The submodule ${path} is one too many`,
        `Use at most ${MAX_SUBMODULES} submodules, ${MAX_DEPTH} deep.`,
      );
    const module = await fetchSubmodule(context, path, { address: address.url, commit: link.commit }, parent);
    if (!module.ok) return module;
    fetched.push(module.value);
  }
  return ok(fetched);
}

async function fetchSubmodule(
  context: FetchContext,
  path: string,
  { address, commit: text }: Readonly<{ address: string; commit: string }>,
  parent: Parent,
): Promise<Result<Module>> {
  const url = resolveSubmoduleUrl(address, parent, context.allowHosts);
  if (!url.ok) return err(withSubmodulePath(path, url.error));
  const commit = parseCommitSha(text);
  if (!commit.ok) return commit;
  context.say(`Fetching ${text.slice(0, 12)} of the submodule ${path}`);
  const own = sameOrigin(url.value.url, parent.project.url);
  if (own && parent.project.fork === true && parent.project.credentials !== undefined)
    context.say(`The submodule ${path} is fetched without the project's credentials: the commit comes from a fork`);
  const credentials = own && parent.project.fork !== true ? parent.project.credentials : url.value.credentials;
  const result = await fetchGit(
    {
      from: { kind: 'url', url: url.value.url, ...(credentials === undefined ? {} : { credentials }) },
      commit: commit.value,
      depth: 1,
    },
    context,
    path,
  );
  if (!result.ok) return err(withSubmodulePath(path, result.error));
  return ok({
    path,
    listing: result.value,
    parent: { url: url.value.url, project: parent.project },
    ...(credentials === undefined ? {} : { credentials }),
  });
}

/** Reports entries without a commit, which git ignores although they look like submodules that are there. */
async function reportMissingSubmodules(
  context: FetchContext,
  folder: string,
  listing: Listing,
  paths: readonly string[],
): Promise<void> {
  for (const name of paths) {
    const path = folder === '' ? name : `${folder}/${name}`;
    if (
      listing.links.some((link) => link.path === name) ||
      (await resolveInTree(context.work.source, path)) !== undefined
    )
      continue;
    context.say(
      `The submodule ${path} is missing: .gitmodules names it, but the commit does not have it. Add it with git submodule add, or remove the entry.`,
    );
  }
}

const withSubmodulePath = (
  path: string,
  error: Readonly<{ code: Parameters<typeof anchorError>[0]; message: string; fix: string; cause?: string }>,
) => anchorError(error.code, `The submodule ${path} could not be fetched: ${error.message}`, error.fix, error.cause);

/** Reads `.gitmodules` as git does, by path. */
async function readGitmodules(
  context: FetchContext,
  folder: string,
): Promise<Result<ReadonlyMap<string, Readonly<{ url: string; update?: string }>>>> {
  return runInSandbox(context, folder, [], [], async (run) => {
    const { stdout } = await run(sandboxGitCall(), [
      'config',
      '--file',
      '.gitmodules',
      '--no-includes',
      '--null',
      '--list',
    ]);
    const modules = new Map<string, { path?: string; url?: string; update?: string }>();
    for (const entry of stdout.split('\0')) {
      const [, name, key, value] = /^submodule\.(.+)\.(path|url|update)\n([^]*)$/.exec(entry) ?? [];
      if (name === undefined || key === undefined || value === undefined) continue;
      modules.set(name, { ...modules.get(name), [key]: value });
    }
    const byPath = new Map<string, Readonly<{ url: string; update?: string }>>();
    for (const { path, url, update } of modules.values())
      if (path !== undefined && url !== undefined)
        byPath.set(path.replace(/\/+$/, ''), { url, ...(update === undefined ? {} : { update }) });
    return ok(byPath);
  });
}

/**
 * Returns a submodule's address as it can be fetched: absolute, and by https where the project itself is not fetched by
 * ssh.
 */
export function resolveSubmoduleUrl(
  text: string,
  parent: Parent,
  allowHosts: readonly string[],
): Result<RepositoryUrl> {
  let address = text;
  if (/^\.\.?\//.test(text)) {
    if (parent.url === undefined)
      return fail(
        'source_refused',
        `its address ${text} is relative, and this platform's own repository has none beside it`,
        'Write its whole address into .gitmodules: https://…',
      );
    address = new URL(text, `${parent.url.replace(/\/+$/, '')}/`).href.replace(/\/+$/, '');
  }
  const parsed = parseRepositoryUrl(address, { allowHosts });
  if (!parsed.ok || parsed.value.transport !== 'ssh' || parent.project.url?.startsWith('ssh:') === true) return parsed;
  // There is no key here, but ssh addresses are common, because they work on developers' machines.
  const own = parent.project.url === undefined ? undefined : new URL(parent.project.url);
  const host =
    own?.hostname.toLowerCase() === parsed.value.host
      ? own.origin
      : `https://${parsed.value.host.includes(':') ? `[${parsed.value.host}]` : parsed.value.host}`;
  return parseRepositoryUrl(`${host}${new URL(parsed.value.url).pathname}`, { allowHosts });
}

/** Returns whether the project's credentials (a token, or a deploy key for ssh) are for this address, too. */
export function sameOrigin(url: string, project: string | undefined): boolean {
  if (project === undefined) return false;
  const [a, b] = [new URL(url), new URL(project)];
  return a.protocol === b.protocol && a.host === b.host;
}

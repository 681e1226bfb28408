import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import { PREVIEW } from '@anchor/core/names/name.ts';
import type { Project } from '@anchor/core/projects/project.ts';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';
import type { HostedGit } from '../process/hosted-git.ts';
import type { PushHead } from '../protocol/receive-pack-commands.ts';
import type { PushJournal } from './push-journal.ts';
import { addressOf, pushProgress } from './push-progress.ts';
import { FLUSH } from '../protocol/pkt-line.ts';
import type { GitChild } from '../launcher/git-child.ts';
import { serviceExit, startService, hookIsExecutable, protocolOf } from '../process/service-process.ts';
import { applyRefUpdates, type RefOutcome } from './apply-ref-updates.ts';
import { copyResponse, drained, feed, readHead, type Head } from '../protocol/receive-stream.ts';
import { fatal, KEEP_ALIVE, progress } from '../protocol/side-band.ts';
import type { GitAllowed } from './access.ts';
import type { GitRemoteContext } from './context.ts';
import { recordPush } from './record-push.ts';

/** A slow sender, then checks of every object. */
const PUSH_MS = 60 * 60_000;

/**
 * Handles a push: git stores it, its deliveries are stored before the response ends, and then the progress of the build
 * is shown on the pusher's terminal before the response's last packet. A failed build or a disconnected client does not
 * change what was pushed.
 */
export async function receivePack(
  server: GitRemoteContext,
  { project, git: remote, caller }: GitAllowed,
  body: Readable,
  request: IncomingMessage,
  response: ServerResponse,
  journal: PushJournal,
  processEnded: () => void,
): Promise<Result<void>> {
  const read = await readHead(body);
  if (!read.ok) return read;
  if (!(await hookIsExecutable(remote)))
    return fail(
      'internal',
      'Pushes cannot be checked',
      'Have the operator run: chmod 755 packages/git-host-local/src/process/hooks/pre-receive',
    );
  const leave = (await entered(server, project, remote, read.value.head, response)) ?? (() => undefined);
  const pushed = { project, caller, updates: read.value.head.updates, request };
  const stored = await recordPush(server, pushed, () =>
    store(server, project, remote, read.value, request, response, journal),
  ).finally(leave);
  processEnded();
  if (stored.withProgress && !response.destroyed) {
    // git's own response was sent: an error in the progress output must not look like a failed push.
    const failed = await streamProgress(server, project, stored.outcomes, response).catch((error: unknown) => {
      report(server, project, 'a push could not be followed', error);
      return false;
    });
    // git's report that the refs are stored has been given and stays true; the error after it makes git exit with 1.
    if (failed && server.settings.pushExit === 'deployment')
      response.write(fatal('git push exits with an error because the deployment failed.'));
    response.write(FLUSH);
  }
  response.end();
  return ok(undefined);
}

const hasProgress = ({ updates, capabilities }: PushHead): boolean =>
  updates.length > 0 && (capabilities.has('side-band-64k') || capabilities.has('side-band'));

function begin(response: ServerResponse): void {
  if (!response.headersSent)
    response.writeHead(200, { 'content-type': 'application/x-git-receive-pack-result', 'cache-control': 'no-cache' });
}

/**
 * Waits for upkeep of the repository. A push that waits for longer than a moment gets a message, and its connection is
 * kept alive.
 */
async function entered(
  server: GitRemoteContext,
  project: Project,
  remote: HostedGit,
  head: PushHead,
  response: ServerResponse,
): Promise<(() => void) | undefined> {
  let shown = false;
  const alive = (): void => {
    if (response.destroyed) return;
    begin(response);
    response.write(
      shown ? KEEP_ALIVE : progress(['The repository is being cleaned up. The push goes on in a moment.']),
    );
    shown = true;
  };
  const timer = hasProgress(head)
    ? setInterval(alive, Math.min(UPKEEP_MS, server.settings.limits.heartbeatMs))
    : undefined;
  try {
    return await remote.enter?.(project.id);
  } finally {
    clearInterval(timer);
  }
}

/** Below it, a wait is not worth a word. */
const UPKEEP_MS = 2_000;

/** git refuses such a push with "shallow update not allowed", and no further explanation. */
const SHALLOW: RefOutcome = {
  branch: '',
  messages: [
    'This clone is shallow: the history behind its oldest commit is missing, so the push was refused.',
    'Fetch it, then push again: git fetch --unshallow (in GitHub Actions: actions/checkout with fetch-depth: 0)',
  ],
};

/** Returns the outcomes of pushed tags that git reports as stored. */
function tagsOf({ updates }: PushHead, status: string): readonly RefOutcome[] {
  const names = updates
    .filter(({ ref, after }) => ref.startsWith('refs/tags/') && after !== undefined && status.includes(`ok ${ref}\n`))
    .map(({ ref }) => ref.slice('refs/tags/'.length));
  if (names.length === 0) return [];
  const stored = names.length === 1 ? `Tag ${names[0]} is stored.` : `${names.length} tags are stored.`;
  return [
    {
      branch: '',
      messages: [`${stored} Tags are not deployed; to deploy a tagged commit: anchor deploy --commit <commit>`],
    },
  ];
}

type Stored = Readonly<{
  /** Refs that git reports as refused. */
  refused: readonly string[];
  outcomes: readonly RefOutcome[];
  /** The pusher's git waits for more than git's own output. */
  withProgress: boolean;
}>;

/** Runs git, and stores the deliveries of the push. */
async function store(
  server: GitRemoteContext,
  project: Project,
  remote: HostedGit,
  read: Head,
  request: IncomingMessage,
  response: ServerResponse,
  journal: PushJournal,
): Promise<Stored> {
  const { head } = read;
  const pushId = await journal.begin(project, head.updates);
  const protocol = protocolOf(header(request, 'git-protocol'));
  const git = await start(
    () =>
      startService({
        service: 'git-receive-pack',
        git: remote,
        project: project.id,
        advertise: false,
        maxBytes: server.settings.limits.pushBytes,
        timeoutMs: PUSH_MS,
        ...(protocol === undefined ? {} : { protocol }),
      }),
    () => journal.commit(pushId),
  );
  const end = serviceExit(git);
  begin(response);
  const withProgress = hasProgress(head);
  const [, { whole, report: status }] = await Promise.all([
    feed(git, read, server.settings.limits.pushBytes),
    copyResponse(git, response, withProgress),
  ]).catch((error: unknown) => {
    // git may have stored it all the same.
    journal.abandon(pushId);
    throw error;
  });
  const { code, stderr } = await end;
  if (code !== 0)
    server.log({
      level: 'warn',
      message: 'git receive-pack failed',
      project: project.name,
      code,
      stderr: stderr.slice(0, 500),
    });
  const outcomes = await accept(server, project, head, journal, pushId);
  const hints = [
    ...tagsOf(head, status),
    ...(head.shallow && status.includes(' shallow update not allowed') ? [SHALLOW] : []),
  ];
  const refused = head.updates.filter(({ ref }) => status.includes(`ng ${ref} `)).map(({ ref }) => ref);
  return { refused, outcomes: [...outcomes, ...hints], withProgress: withProgress && whole };
}

/** Makes deliveries of the ref updates. Where that fails, the journal keeps them for the recovery. */
async function accept(
  server: GitRemoteContext,
  project: Project,
  { updates }: Head['head'],
  journal: PushJournal,
  pushId: string,
): Promise<readonly RefOutcome[]> {
  return applyRefUpdates(server, project, updates, pushId).then(
    async (accepted) => {
      await journal.commit(pushId);
      return accepted;
    },
    (error: unknown) => {
      journal.abandon(pushId);
      return notAccepted(server, project, error);
    },
  );
}

/** Starts git; where that fails there is nothing to act on later. */
async function start(run: () => Promise<GitChild>, failed: () => Promise<void>): Promise<GitChild> {
  try {
    return await run();
  } catch (error) {
    await failed();
    throw error;
  }
}

/** Returns how to deploy a push that was stored but not processed: git has stored it for good. */
function notAccepted(server: GitRemoteContext, project: Project, error: unknown): readonly RefOutcome[] {
  report(server, project, 'a push was stored but not acted on', error);
  return [
    {
      branch: '',
      messages: [
        'The push is stored, but the platform could not act on it.',
        'Deploy it with: anchor deploy --branch <name>; the server log says what went wrong.',
      ],
    },
  ];
}

const report = (server: GitRemoteContext, project: Project, message: string, error: unknown): void =>
  server.log({
    level: 'error',
    message,
    project: project.name,
    error: error instanceof Error ? error.stack : String(error),
  });

/**
 * Shows the pusher what becomes of the push, for as long as it takes, the pusher stays and the limit allows. Returns
 * whether the deployment failed.
 */
async function streamProgress(
  server: GitRemoteContext,
  project: Project,
  outcomes: readonly RefOutcome[],
  response: ServerResponse,
): Promise<boolean> {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  const signal = AbortSignal.any([gone.signal, server.closing, AbortSignal.timeout(server.settings.limits.pushLogMs)]);
  const quiet = setInterval(() => {
    if (!response.destroyed && !response.writableNeedDrain) response.write(KEEP_ALIVE);
  }, server.settings.limits.heartbeatMs);
  const show = async (lines: readonly string[]): Promise<void> => {
    if (!response.destroyed && !response.write(progress(lines))) await drained(response);
  };
  try {
    const followed = outcomes.find((outcome) => outcome.deployment !== undefined);
    for (const outcome of outcomes) {
      const { branch, commit, deployment, messages: lines = [] } = outcome;
      await show(
        deployment === undefined
          ? lines
          : [`${project.name}: ${branch} ${(commit ?? '').slice(0, 7)} → ${deployment.environment} (${deployment.id})`],
      );
      if (deployment !== undefined && deployment.environment === PREVIEW) await show([previewHint(project, branch)]);
      if (deployment !== undefined && deployment.id !== followed?.deployment?.id)
        await show([`  follow it with: anchor logs ${deployment.id} -f`]);
    }
    if (followed?.deployment === undefined) return false;
    for await (const line of pushProgress(server.ports, followed.deployment, signal, followed.branch)) {
      if (gone.signal.aborted) return false;
      await show([line]);
    }
    const ended = await server.ports.deployments.get(followed.deployment.id);
    for (const { branch, deployment } of outcomes) {
      // A commit is built once for all branches that were pushed with it.
      if (ended?.state === 'success' && deployment?.id === ended.id && branch !== followed.branch)
        await show([`${branch}: ${await addressOf(server.ports, ended, branch)}`]);
    }
    return ended?.state === 'failed';
  } finally {
    clearInterval(quiet);
  }
}

/**
 * Returns a note for a push to another branch than production's: what it created, and how to make the branch
 * production.
 */
function previewHint(project: Project, branch: string): string {
  const word = /^[\w./-]+$/.test(branch) ? branch : `'${branch.replaceAll("'", "'\\''")}'`;
  return `  ${branch} is not the production branch (${project.productionBranch}): this is a preview. To make it production: anchor projects update ${project.name} --branch ${word}`;
}

const header = (request: IncomingMessage, name: string): string | undefined => {
  const value = request.headers[name];
  return typeof value === 'string' ? value : undefined;
};

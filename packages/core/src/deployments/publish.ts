import { moveAlias } from '../aliases/move.ts';
import { manifestSchema } from '../artifact/manifest.ts';
import type { BuildLog } from '../logs/build-log.ts';
import type { Ports } from '../ports/ports.ts';
import type { Project } from '../projects/project.ts';
import { anchorError, fail, ok, type AnchorError, type Result } from '../result/result.ts';
import { withdrawBranches, withdrawPreview } from './close-preview.ts';
import type { Deployment } from './deployment.ts';
import { failDeployment } from './fail.ts';
import type { Stepper } from './steps.ts';
import { pointTo } from './point-to.ts';
import { targetsOf } from './targets.ts';
import { moveDeployment } from './update.ts';

/** After the build: the deployment's own host, a real request through the edge, then the switch. What serves now goes on serving until the switch. */
export const publish =
  (ports: Ports) =>
  async (project: Project, deployment: Deployment, log: BuildLog, step: Stepper): Promise<Deployment> => {
    const failed = async (error: AnchorError): Promise<Deployment> => {
      await step.end();
      const ended = await failDeployment(ports, deployment.id, error, log);
      await ports.aliases.remove(deployment.host);
      await ports.functions.stop(deployment.id);
      return ended;
    };
    await step.next('publish');
    const seen = await ports.aliases.get(deployment.host);
    const opened = await moveAlias(ports)({ host: deployment.host, projectId: project.id, deploymentId: deployment.id, kind: 'deployment', target: deployment.id, pinned: false, seen });
    if (!opened.ok) return failed(opened.error);

    // Beside the verification, which may well ask for a page that needs no function.
    void ports.functions.prepare?.(deployment.id).catch(() => undefined);
    await step.next('verify');
    const verified = await verify(ports, project, deployment, log);
    if (!verified.ok) return failed(verified.error);

    await step.next('switch');
    const notes: string[] = [];
    const urls: string[] = [];
    // Read again: other branches may have come to share it while it was built.
    const current = await ports.deployments.get(deployment.id);
    for (const target of current === undefined || current.closed === true ? [] : await targetsOf(ports)(project, current)) {
      const note = await pointTo(ports, project, deployment, target);
      if (note === undefined) urls.push(ports.site.urlOf(target.host));
      else notes.push(note);
    }
    await step.end();
    const now = ports.clock.now();
    const done = await moveDeployment(ports)(deployment.id, 'success', { deployEndedAt: now, ...(notes.length === 0 ? {} : { notPromoted: notes.join(' ') }) });
    if (!done.ok && done.error.code === 'not_found') {
      // Removed with its project while it was switched to: nothing may go on pointing at it.
      for (const alias of await ports.aliases.listByProject(project.id)) if (alias.deploymentId === deployment.id) await ports.aliases.remove(alias.host);
      return deployment;
    }
    if (done.ok && done.value.closed === true) {
      await withdrawPreview(ports, done.value);
      log.note('Its branch or pull request was closed meanwhile: it has no preview.', 'warn');
      return done.value;
    }
    if (done.ok) await withdrawBranches(ports, done.value);
    for (const note of notes) log.note(note, 'warn');
    for (const url of [ports.site.urlOf(deployment.host), ...urls]) log.note(`✓ ${url}`);
    log.note(`✓ live after ${((now - deployment.createdAt) / 1000).toFixed(1)} s`);
    return done.ok ? done.value : deployment;
  };

/** Answers that come before the function is up, or from the edge itself: worth asking again. */
const PASSING = [502, 503, 504];
const TRIES = 3;

async function verify(ports: Ports, project: Project, deployment: Deployment, log: BuildLog): Promise<Result<void>> {
  const { status: accepted, timeoutSeconds } = project.health;
  const path = project.health.path === '/' ? await homeOf(ports, deployment) : project.health.path;
  const deadline = ports.clock.now() + timeoutSeconds * 1_000;
  const url = `${ports.site.urlOf(deployment.host)}${path}`;
  for (let tries = 1; ; tries++) {
    const left = deadline - ports.clock.now();
    const answer = await ports.probe.request(deployment.host, path, Math.max(1, left));
    if (answer.ok) {
      const { status, body } = answer.value;
      if (accepted === undefined ? status >= 200 && status < 400 : accepted.includes(status)) {
        log.note(`${path} answered ${status}`, 'info', 'verify');
        return ok(undefined);
      }
      if (!PASSING.includes(status) || tries === TRIES || ports.clock.now() >= deadline) {
        const logged = await lastErrors(ports, deployment);
        return fail('verification_failed', `${path} answered ${status} instead of ${accepted?.join(' or ') ?? '200 to 399'}`, `Look at the run log (anchor logs ${deployment.id} --run), mend the app, or set another health path or status on the project. What was live stays live.`, logged ?? firstLine(body) ?? url);
      }
    } else if (tries === TRIES || ports.clock.now() >= deadline) {
      return { ok: false, error: anchorError('verification_failed', `${path} did not answer within ${timeoutSeconds} s`, `Check that the app starts and listens on PORT: anchor logs ${deployment.id} --run. What was live stays live.`, (await lastErrors(ports, deployment)) ?? answer.error.message) };
    }
  }
}

/** Where a site begins: below its basePath, if it has one. */
async function homeOf(ports: Ports, { artifact }: Deployment): Promise<string> {
  const bytes = artifact === undefined ? undefined : await ports.blobs.get(artifact);
  if (bytes === undefined) return '/';
  const manifest = manifestSchema.safeParse(JSON.parse(new TextDecoder().decode(bytes)));
  const web = manifest.success ? manifest.data.components.web : undefined;
  return web === undefined ? '/' : `${web.basePath}${web.basePath === '' || web.trailingSlash ? '/' : ''}`;
}

/** The last lines that the app itself printed: they say more than a status code. */
async function lastErrors(ports: Ports, deployment: Deployment): Promise<string | undefined> {
  const lines = await ports.logs.read('run', deployment.id, { level: 'error', limit: 5 });
  return lines.length === 0 ? undefined : lines.map((line) => line.text).join(' | ').slice(0, 500);
}

/** An error page as one line of text. */
function firstLine(body: string): string | undefined {
  const text = body.replace(/<(style|script)[\s\S]*?<\/\1>/gi, ' ').replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' ').trim();
  return text === '' ? undefined : text.slice(0, 300);
}

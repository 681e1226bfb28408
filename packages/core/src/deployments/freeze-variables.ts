import { actionsKeyVariables } from '@anchor/protocol/artifact/web/variables.ts';
import { branchHost, environmentHost } from '../aliases/host.ts';
import type { Snapshot } from '../environments/snapshot-schema.ts';
import { decryptSnapshot, resolveVariables, sealSnapshot } from '../environments/snapshot.ts';
import { systemVariables } from '../environments/system-variables.ts';
import { vercelVariables } from '../environments/vercel-variables.ts';
import { PRODUCTION } from '../names/name.ts';
import type { Ports } from '../ports/ports.ts';
import type { Project } from '../projects/project.ts';
import { randomKey } from '../tokens/tokens.ts';
import { ok, type Result } from '../result/result.ts';
import type { Deployment } from './deployment.ts';
import { updateDeployment } from './update.ts';

/** Freezes the variables on the deployment, once: a retry builds with what the first try saw. */
export async function freezeVariables(
  ports: Ports,
  project: Project,
  deployment: Deployment,
): Promise<Result<Readonly<{ deployment: Deployment; snapshot: Snapshot }>>> {
  if (deployment.environmentSnapshot !== undefined) {
    const snapshot = await decryptSnapshot(ports)(deployment.id, deployment.environmentSnapshot);
    return snapshot.ok ? ok({ deployment, snapshot: snapshot.value }) : snapshot;
  }
  const production = environmentHost(project.name, PRODUCTION, ports.site.domain);
  const system = systemVariables(project, deployment, ports.site, production);
  const { branch } = deployment.source;
  const defaults = vercelVariables(project, deployment, {
    own: ports.site.urlOf(deployment.host),
    production: ports.site.urlOf(production),
    branch:
      branch === undefined
        ? undefined
        : ports.site.urlOf(await branchHost(project.name, branch, ports.site.domain, false)),
  });
  const taken = await resolveVariables(ports)({
    projectId: project.id,
    environment: deployment.environment,
    trusted: deployment.trusted,
    ...(branch === undefined ? {} : { branch }),
    system,
    defaults,
  });
  if (!taken.ok) return taken;
  // One key per project, so that a form of an older deployment still works after a switch. A fork gets a key of its
  // own: the project's would open what production's pages carry.
  const actionsKey = deployment.trusted
    ? await ports.secrets.open(project.actionsKey, `actions/${project.id}`)
    : ok(randomKey());
  if (!actionsKey.ok) return actionsKey;
  const key = actionsKeyVariables(actionsKey.value);
  const given = taken.value;
  const snapshot: Snapshot = {
    build: { ...key, ...given.build },
    run: { ...key, ...given.run },
    secrets: [...given.secrets, actionsKey.value],
  };
  const sealed = await sealSnapshot(ports)(deployment.id, snapshot);
  const updated = await updateDeployment(ports)(deployment.id, (current) =>
    current.environmentSnapshot === undefined ? { environmentSnapshot: sealed } : undefined,
  );
  return updated.ok ? ok({ deployment: updated.value, snapshot }) : updated;
}

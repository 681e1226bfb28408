import type { ProjectId } from '@anchor/core/names/id.ts';
import type { Ports } from '@anchor/core/ports/ports.ts';
import type { Project } from '@anchor/core/projects/project.ts';
import { ok, type Result } from '@anchor/core/result/result.ts';

const ENTRIES = 1_000;

/** Caches decrypted webhook secrets for the version of the project that they belong to. */
export function webhookSecrets(ports: Pick<Ports, 'secrets'>) {
  const opened = new Map<ProjectId, Readonly<{ sealed: string; secret: string }>>();
  return async (project: Project): Promise<Result<string>> => {
    const known = opened.get(project.id);
    if (known?.sealed === project.webhookSecret) return ok(known.secret);
    const secret = await ports.secrets.open(project.webhookSecret, `webhook/${project.id}`);
    if (!secret.ok) return secret;
    if (opened.size >= ENTRIES) opened.clear();
    opened.set(project.id, { sealed: project.webhookSecret, secret: secret.value });
    return secret;
  };
}

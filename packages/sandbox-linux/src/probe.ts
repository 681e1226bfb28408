import type { Sandboxes } from '@anchor/core/ports/sandbox.ts';
import { ok, type Result } from '@anchor/core/result/result.ts';
import { unavailable } from './sandbox-parts.ts';

/** Tries a sandbox with a network in which a program runs. */
export async function probe(sandboxes: Pick<Sandboxes, 'create'>): Promise<Result<void>> {
  const ran = await runTrialProgram(sandboxes);
  if (!ran.ok) return ran;
  const { code, errors } = ran.value;
  if (code === 0) return ok(undefined);
  return unavailable(
    errors.trim() || `a trial program ended with ${code}`,
    'Allow user namespaces: sysctl -w kernel.apparmor_restrict_unprivileged_userns=0 kernel.unprivileged_userns_clone=1 user.max_user_namespaces=16384',
  );
}

/** Runs `/bin/true` in a sandbox with a network. Returns its exit code and what it printed on standard error. */
export async function runTrialProgram(
  sandboxes: Pick<Sandboxes, 'create'>,
): Promise<Result<Readonly<{ code: number | null; errors: string }>>> {
  const created = await sandboxes.create({
    name: 'probe',
    identity: 'probe',
    mounts: [],
    network: 'outbound',
    limits: { memoryMb: 64, cpus: 1, processes: 8 },
    weight: 1,
  });
  if (!created.ok) return created;
  const started = created.value.spawn({ argv: ['/bin/true'], env: {}, cwd: '/' });
  let errors = '';
  for await (const bytes of started.stderr) errors += Buffer.from(bytes).toString('utf8');
  const { code } = await started.exited;
  await created.value.destroy();
  return ok({ code, errors });
}

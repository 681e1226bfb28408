import { DEFAULT_HOST_SETTINGS } from '@anchor/function-host/settings.ts';
import { memoryOfTree, type Memory } from '../measure/memory.ts';
import { bounded, type Case } from '../case.ts';
import { emptySandbox, functionsOf, scaledToZero, setFunctions } from '../subjects/functions.ts';

const COOLIFY_MB = 306;
const DOKPLOY_MB = 464;
const STILL_MS = 70_000;
const MAX_WAIT_MS = 180_000;
const PREWARM_TTL_MINUTES = DEFAULT_HOST_SETTINGS.prewarmTtlMs / 60_000;

export const idleMemory: Case = {
  id: 'idle-memory',
  what: 'memory of all platform processes with the demo scaled to zero',
  async run(bench) {
    const { platform, project, host } = await bench.demo();
    await setFunctions(platform, project, { idleSeconds: 1 });
    await platform.request(host, '/guestbook');
    await scaledToZero(platform, 320_000);
    const prewarmedMb = functionsOf(platform).reduce((sum, { pssMb }) => sum + pssMb, 0);
    await emptySandbox(platform);
    const root = platform.pid('up');
    if (root === undefined) throw new Error('the platform does not run');
    const all = await whenIdle(() => memoryOfTree(root));
    const pss = all.reduce((sum, { pssMb }) => sum + pssMb, 0);
    const rss = all.reduce((sum, { rssMb }) => sum + rssMb, 0);
    for (const { command, pssMb, rssMb } of all)
      bench.say(`${command.padEnd(16)} PSS ${pssMb.toFixed(1).padStart(6)} MB, RSS ${rssMb.toFixed(1).padStart(6)} MB`);
    const note = `PSS (pages that processes share counted once) of ${all.length} processes, after builds; RSS sum ${rss.toFixed(0)} MB. No function has run for ${PREWARM_TTL_MINUTES} minutes; until then the processes that wait for the sites used lately have ${prewarmedMb.toFixed(0)} MB more. Theirs is published, not measured here: Coolify ${COOLIFY_MB} MB, Dokploy ${DOKPLOY_MB} MB.`;
    return [
      bounded(
        { id: 'idle-memory', what: 'idle memory (theirs: Coolify, published)', unit: 'MB', note },
        pss,
        200,
        COOLIFY_MB,
      ),
    ];
  },
};

/**
 * Waits until memory no longer changes: processes release memory when they have been idle for a while, at most once per
 * minute.
 */
async function whenIdle(look: () => readonly Memory[]): Promise<readonly Memory[]> {
  const total = (all: readonly Memory[]): number => all.reduce((sum, { pssMb }) => sum + pssMb, 0);
  const until = performance.now() + MAX_WAIT_MS;
  let seen = look();
  let since = performance.now();
  while (performance.now() - since < STILL_MS && performance.now() < until) {
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    const now = look();
    if (Math.abs(total(now) - total(seen)) > 1) [seen, since] = [now, performance.now()];
  }
  return look();
}

import { DEFAULT_HOST_SETTINGS } from '@anchor/adapter-local/functions/settings.ts';
import { memoryOfTree } from '../measure/memory.ts';
import { bounded, type Row } from '../row.ts';
import { emptySandbox, scaledToZero, setFunctions } from '../sides/functions.ts';

const COOLIFY_MB = 306;
const DOKPLOY_MB = 464;
const WAITING_MINUTES = DEFAULT_HOST_SETTINGS.waitingMs / 60_000;

export const idleMemory: Row = {
  id: 'idle-memory',
  what: 'memory of all platform processes with the demo scaled to zero',
  async run(bench) {
    const { platform, project, host } = await bench.demo();
    await setFunctions(platform, project, { idleSeconds: 1 });
    await platform.visit(host, '/guestbook');
    await scaledToZero(platform, 320_000);
    const waiting = memoryOfTree(platform.pid('host') ?? 0).filter(({ command }) => command === 'next-server.js').reduce((sum, { pssMb }) => sum + pssMb, 0);
    await emptySandbox(platform);
    const root = platform.pid('up');
    if (root === undefined) throw new Error('the platform does not run');
    const all = memoryOfTree(root);
    const pss = all.reduce((sum, { pssMb }) => sum + pssMb, 0);
    const rss = all.reduce((sum, { rssMb }) => sum + rssMb, 0);
    for (const { command, pssMb, rssMb } of all) bench.say(`${command.padEnd(16)} PSS ${pssMb.toFixed(1).padStart(6)} MB, RSS ${rssMb.toFixed(1).padStart(6)} MB`);
    const note = `PSS (pages that processes share counted once) of ${all.length} processes, after builds; RSS sum ${rss.toFixed(0)} MB. No function has run for ${WAITING_MINUTES} minutes; until then the process that waits for the site used last has ${waiting.toFixed(0)} MB more. Theirs is published, not measured here: Coolify ${COOLIFY_MB} MB, Dokploy ${DOKPLOY_MB} MB.`;
    return [bounded({ id: 'idle-memory', what: 'idle memory (theirs: Coolify, published)', unit: 'MB', note }, pss, 200, COOLIFY_MB)];
  },
};

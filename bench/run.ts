import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createBench } from './bench.ts';
import { load, machine } from './measure/machine.ts';
import { buildUnderLoad } from './cases/build-under-load.ts';
import { chaos } from './cases/chaos.ts';
import { coldStart } from './cases/cold-start.ts';
import { dynamic } from './cases/dynamic.ts';
import { functionMemory } from './cases/function-memory.ts';
import { idleMemory } from './cases/idle-memory.ts';
import { images } from './cases/images.ts';
import { isrPage } from './cases/isr-page.ts';
import { noisyNeighbour } from './cases/noisy-neighbour.ts';
import { p99DuringBuild } from './cases/p99-during-build.ts';
import { pushFirst } from './cases/push-first.ts';
import { pushNext } from './cases/push-next.ts';
import { sites5000 } from './cases/sites-5000.ts';
import { statics } from './cases/static.ts';
import { suspenseShell } from './cases/suspense-shell.ts';
import { switching } from './cases/switch.ts';
import { tls } from './cases/tls.ts';
import { tlsDomains } from './cases/tls-domains.ts';
import { tlsRenewal } from './cases/tls-renewal.ts';
import { webhooks } from './cases/webhooks.ts';
import type { Result, Case } from './case.ts';
import { table } from './table.ts';

/** In the order in which they run: what a fresh platform is needed for comes first. */
const CASES: readonly Case[] = [
  pushFirst,
  pushNext,
  idleMemory,
  coldStart,
  dynamic,
  functionMemory,
  isrPage,
  suspenseShell,
  statics,
  tls,
  tlsDomains,
  images,
  sites5000,
  switching,
  p99DuringBuild,
  buildUnderLoad,
  webhooks,
  noisyNeighbour,
];

/** Take long; run only when they are named. */
const NAMED_ONLY: readonly Case[] = [chaos, tlsRenewal];
const ALL: readonly Case[] = [...CASES, ...NAMED_ONLY];

const { values } = parseArgs({
  options: { json: { type: 'string' }, only: { type: 'string' }, help: { type: 'boolean' } },
});
const wanted = values.only?.split(',');
const unknown = wanted?.filter((id) => !ALL.some((one) => one.id === id)) ?? [];
if (values.help === true || unknown.length > 0) {
  if (unknown.length > 0) console.error(`There is no case ${unknown.join(', ')}.`);
  console.log(
    `Usage: npm run bench -- [--only id,id] [--json FILE]\n\n${ALL.map((one) => `  ${one.id.padEnd(18)} ${one.what}`).join('\n')}`,
  );
  process.exit(unknown.length > 0 ? 2 : 0);
}

const about = machine();
console.log(
  `${about.cpu}, ${about.cores} cores, ${about.memoryMb} MB, Linux ${about.kernel}, Node ${about.node}, Next ${about.next}, ${about.date} UTC, load ${about.load}\n`,
);
// As ./up sets it: compiled code is kept from one start to the next.
process.env['NODE_COMPILE_CACHE'] ??= fileURLToPath(new URL('../node_modules/.cache/anchor', import.meta.url));
const bench = createBench((line) => console.log(`  ${line}`));
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => void bench.close().then(() => process.exit(130)));

const results: Result[] = [];
const broken: string[] = [];
try {
  for (const one of ALL.filter(({ id }) => wanted?.includes(id) ?? !NAMED_ONLY.some((one) => one.id === id))) {
    console.log(`${one.id}: ${one.what} (load ${load()})`);
    try {
      const measured = await one.run(bench);
      results.push(...measured);
      const senseless = measured.filter(
        (result) => !Number.isFinite(result.ours) || (result.theirs !== undefined && !(result.theirs > 0)),
      );
      if (senseless.length > 0)
        throw new Error(`no number was measured for ${senseless.map(({ id }) => id).join(', ')}`);
    } catch (error) {
      // One case that breaks must not take the others' results away.
      broken.push(one.id);
      console.error(`  ✗ ${one.id}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    }
  }
} finally {
  await bench.close();
}
console.log(`\n${table(results)}\n`);
for (const { id, note } of results) if (note !== undefined) console.log(`  ${id}: ${note}`);
if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(results, null, 2)}\n`);
if (broken.length > 0) console.error(`\n✗ ${broken.length} of the cases failed: ${broken.join(', ')}.`);
process.exit(broken.length > 0 ? 1 : 0);

import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createBench } from './bench.ts';
import { load, machine } from './measure/machine.ts';
import { coldStart } from './rows/cold-start.ts';
import { dynamic } from './rows/dynamic.ts';
import { functionMemory } from './rows/function-memory.ts';
import { idleMemory } from './rows/idle-memory.ts';
import { images } from './rows/images.ts';
import { isrPage } from './rows/isr-page.ts';
import { p99DuringBuild } from './rows/p99-during-build.ts';
import { pushFirst } from './rows/push-first.ts';
import { pushNext } from './rows/push-next.ts';
import { sites5000 } from './rows/sites-5000.ts';
import { statics } from './rows/static.ts';
import { suspenseShell } from './rows/suspense-shell.ts';
import { switching } from './rows/switch.ts';
import { webhooks } from './rows/webhooks.ts';
import type { Figure, Row } from './row.ts';
import { table } from './table.ts';

/** In the order in which they run: what a fresh platform is needed for comes first. */
const ROWS: readonly Row[] = [pushFirst, pushNext, idleMemory, coldStart, dynamic, functionMemory, isrPage, suspenseShell, statics, images, sites5000, switching, p99DuringBuild, webhooks];

const { values } = parseArgs({ options: { json: { type: 'string' }, only: { type: 'string' }, help: { type: 'boolean' } } });
const wanted = values.only?.split(',');
const unknown = wanted?.filter((id) => !ROWS.some((row) => row.id === id)) ?? [];
if (values.help === true || unknown.length > 0) {
  if (unknown.length > 0) console.error(`There is no row ${unknown.join(', ')}.`);
  console.log(`Usage: npm run bench -- [--only id,id] [--json FILE]\n\n${ROWS.map((row) => `  ${row.id.padEnd(18)} ${row.what}`).join('\n')}`);
  process.exit(unknown.length > 0 ? 2 : 0);
}

const about = machine();
console.log(`${about.cpu}, ${about.cores} cores, ${about.memoryMb} MB, Linux ${about.kernel}, Node ${about.node}, Next ${about.next}, ${about.date} UTC, load ${about.load}\n`);
// As ./up sets it: compiled code is kept from one start to the next.
process.env['NODE_COMPILE_CACHE'] ??= fileURLToPath(new URL('../node_modules/.cache/anchor', import.meta.url));
const bench = createBench((line) => console.log(`  ${line}`));
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void bench.close().then(() => process.exit(130)));

const figures: Figure[] = [];
let broken = 0;
try {
  for (const row of ROWS.filter(({ id }) => wanted?.includes(id) ?? true)) {
    console.log(`${row.id}: ${row.what} (load ${load()})`);
    try {
      figures.push(...(await row.run(bench)));
    } catch (error) {
      // One row that breaks must not take the others' figures away.
      broken++;
      console.error(`  ✗ ${row.id}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    }
  }
} finally {
  await bench.close();
}
console.log(`\n${table(figures)}\n`);
for (const { id, note } of figures) if (note !== undefined) console.log(`  ${id}: ${note}`);
if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(figures, null, 2)}\n`);
process.exit(broken > 0 ? 1 : 0);

/** Writes the start of a blob into the directory given, reports it, and never ends it. */
import { writeSync } from 'node:fs';
import { openBlobStore } from '../blobs/blob-store.ts';

const [directory = ''] = process.argv.slice(2);
const forever = setInterval(() => undefined, 1000);

async function* half(): AsyncGenerator<Uint8Array> {
  yield Buffer.from('half');
  writeSync(1, 'half\n');
  await new Promise(() => undefined);
}
await openBlobStore(directory).putStream(half());
clearInterval(forever);

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { madePages } from './docs/pages.ts';

const root = join(import.meta.dirname, '..');
for (const [path, text] of Object.entries(madePages(root))) {
  writeFileSync(join(root, path), text);
  console.log(path);
}

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ms from 'ms';

export const dynamic = 'force-dynamic';
/** A file and a package that are not bundled: they have to be among the function's files. */
export const GET = () => Response.json({ greeting: readFileSync(join(process.cwd(), '../../content/greeting.txt'), 'utf8').trim(), day: ms('1 day') });

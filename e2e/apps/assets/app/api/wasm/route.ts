import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

export const dynamic = 'force-dynamic';

export async function GET() {
  const module = await WebAssembly.compile(await readFile(join(process.cwd(), 'lib/add.wasm')));
  const { exports } = await WebAssembly.instantiate(module);
  return Response.json({ runtime: process.env.NEXT_RUNTIME, sum: (exports as { add(a: number, b: number): number }).add(20, 3) });
}

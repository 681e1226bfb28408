import add from '../../../lib/add.wasm?module';

export const runtime = 'edge';

export async function GET(request: Request) {
  const { exports } = await WebAssembly.instantiate(add);
  const sum = (exports as { add(a: number, b: number): number }).add(2, 3);
  return Response.json({ runtime: process.env.NEXT_RUNTIME, sum, path: new URL(request.url).pathname, node: typeof process.versions?.node });
}

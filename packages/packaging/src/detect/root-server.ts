/** Root files that servers are called by, as `node <file>` starts them. */
const NAMES: readonly string[] = ['server.js', 'server.mjs', 'server.cjs', 'server.ts', 'server.mts'];
/** `app.listen(…)` of Node, Express and most others; `serve(…)` of Hono and srvx. */
const LISTENS = /\.listen\s{0,9}\(|\bserve\s{0,9}\(/;

/**
 * Finds the root file that opens a port by itself. `read` returns a file's text by its path in the project, undefined
 * where it is absent or too large.
 */
export async function listeningServer(
  files: readonly string[],
  read: (path: string) => Promise<string | undefined>,
): Promise<string | undefined> {
  for (const name of NAMES) {
    if (files.includes(name) && LISTENS.test((await read(name)) ?? '')) return name;
  }
  return undefined;
}

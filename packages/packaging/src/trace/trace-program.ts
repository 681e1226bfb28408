import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Path of the program that lists the files a server's entries need. It runs under the user's Node, beside user code.
 */
export const TRACE_PROGRAM = fileURLToPath(new URL('trace.mjs', import.meta.url));

/** Path of the `node_modules` folder that holds @vercel/nft, which the program loads. */
export const TRACE_MODULES = dirname(
  dirname(dirname(createRequire(import.meta.url).resolve('@vercel/nft/package.json'))),
);

// Runs inside the build's sandbox, under the user's Node: lists the files that entries need, as JSON on stdout.
// Arguments: the directory of @vercel/nft's package, the root, the entries. Reads nothing but the sandbox's own files.
import { createRequire } from 'node:module';

const [nft, root, ...entries] = process.argv.slice(2);
const { nodeFileTrace } = createRequire(import.meta.url)(nft);
const { fileList, warnings } = await nodeFileTrace(entries, { base: root, processCwd: process.cwd() });
process.stdout.write(JSON.stringify({ files: [...fileList], warnings: [...warnings].length }));

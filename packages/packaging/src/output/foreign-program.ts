import { posix } from 'node:path';
import { readInTree, resolveInTree } from '../checkout/checkout-fs.ts';
import { shellCommands } from '../detect/shell-commands.ts';
import { installedProgram } from './production-packages.ts';

/** Programs that end before the server starts, or are the shell's own. */
const HELPERS =
  /^(?:ba|da|a|z)?sh$|^(?:cat|chmod|cp|curl|cut|date|dirname|basename|env|envsubst|find|git|grep|head|hostname|id|ln|ls|mkdir|mv|nice|nohup|pwd|rm|sed|sleep|sort|tail|tar|tee|touch|tr|uname|wc|wget|which|xargs)$/;
/** Programs of packages that start with Node, and run a program of their own that serves. */
const WRAPPERS = /^(?:deno|deno-bin|caddy|pocketbase|surreal)$/;
export const wrapsForeign = (name: string): boolean => WRAPPERS.test(name);
const NODE_SCRIPT = /^#!.*\b(?:node|bun|tsx|ts-node)\b/;
const SHELL_SCRIPT = /^#!.*\b(?:ba|da|a|z)?sh\b/;
const SCRIPT_BYTES = 64 << 10;
const MAX_DEPTH = 3;

/**
 * Returns whether a program is none of Node, Bun or a shell: it listens on a port, and does not know of the socket. A
 * wrong yes costs memory for one more process.
 */
export async function isForeign(root: string, cwd: string, words: readonly string[], depth = 0): Promise<boolean> {
  const [first = '', ...args] = words;
  const name = posix.basename(first);
  if (/^(?:ba|da|a|z)?sh$/.test(name)) {
    const script = args.find((word) => !word.startsWith('-'));
    return script !== undefined && !args.includes('-c') && scriptIsForeign(root, cwd, script, depth);
  }
  if (first.includes('/')) {
    if (first.startsWith('/')) return !HELPERS.test(name);
    if (/\.[cm]?[jt]s$/.test(first)) return false;
    return fileIsForeign(root, below(cwd, first), depth, cwd);
  }
  const installed = await installedProgram(root, cwd, name);
  if (installed !== undefined) return wrapsForeign(name) || fileIsForeign(root, installed.file, depth, cwd);
  return !HELPERS.test(name);
}

async function fileIsForeign(root: string, path: string, depth: number, cwd: string): Promise<boolean> {
  if (/\.[cm]?js$/.test(path)) return false;
  const found = await resolveInTree(root, path);
  if (found?.kind !== 'file') return false; // its absence is reported elsewhere
  const text = (await readInTree(root, path, SCRIPT_BYTES)) ?? '';
  if (NODE_SCRIPT.test(text)) return false;
  // A text without its interpreter is run by the shell.
  const isShell = SHELL_SCRIPT.test(text) || (text !== '' && !/^#!|\0/.test(text));
  return isShell ? textIsForeign(root, cwd, text, depth) : true;
}

/** Returns whether a shell script runs such a program; false for one that cannot be read. */
async function scriptIsForeign(root: string, cwd: string, script: string, depth: number): Promise<boolean> {
  const text = await readInTree(root, below(cwd, script), SCRIPT_BYTES);
  return text !== undefined && textIsForeign(root, cwd, text, depth);
}

async function textIsForeign(root: string, cwd: string, text: string, depth: number): Promise<boolean> {
  if (depth >= MAX_DEPTH) return false;
  for (const line of text.split('\n')) {
    if (/^\s*(?:#|$)/.test(line)) continue;
    for (const { words } of shellCommands(line) ?? []) {
      const program = words.slice(words.findIndex((word) => !/^\w+=/.test(word) && word !== 'exec'));
      if (program[0] === undefined || !/^[\w./-]+$/.test(program[0]) || KNOWN.test(program[0])) continue;
      if (await isForeign(root, cwd, program, depth + 1)) return true;
    }
  }
  return false;
}

/** Words of the shell, and programs of Node. */
const KNOWN =
  /^(?:if|then|else|elif|fi|for|while|until|do|done|case|esac|in|set|export|unset|echo|printf|test|true|false|source|exec|exit|trap|wait|cd|eval|read|shift|return|local|ulimit|umask|kill|function|command|node|npm|npx|pnpm|pnpx|yarn|yarnpkg|bun|bunx|\.)$/;

const below = (folder: string, name: string): string =>
  posix.normalize(posix.join(folder === '' ? '.' : folder, name)).replace(/\/$/, '');

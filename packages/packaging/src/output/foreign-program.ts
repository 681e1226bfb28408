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

/**
 * How many commands of shell scripts are read for one start command, where opening a script counts as `SCRIPT_COST` of
 * them. Three scripts of 5,000 lines that run the next one would take 10^11 steps.
 */
export type ScanBudget = { left: number };
export const scanBudget = (): ScanBudget => ({ left: 2_000 });
const SCRIPT_COST = 50;

/**
 * Returns whether a program is none of Node, Bun or a shell: it listens on a port, and does not know of the socket. A
 * wrong yes costs memory for one more process.
 */
export async function isForeign(
  root: string,
  cwd: string,
  words: readonly string[],
  budget: ScanBudget,
): Promise<boolean> {
  const [first = '', ...args] = words;
  const name = posix.basename(first);
  if (/^(?:ba|da|a|z)?sh$/.test(name)) {
    const script = args.find((word) => !word.startsWith('-'));
    return script !== undefined && !args.includes('-c') && scriptIsForeign(root, cwd, script, budget);
  }
  if (first.includes('/')) {
    if (first.startsWith('/')) return !HELPERS.test(name);
    if (/\.[cm]?[jt]s$/.test(first)) return false;
    return fileIsForeign(root, below(cwd, first), budget, cwd);
  }
  const installed = await installedProgram(root, cwd, name);
  if (installed !== undefined) return wrapsForeign(name) || fileIsForeign(root, installed.file, budget, cwd);
  return !HELPERS.test(name);
}

async function fileIsForeign(root: string, path: string, budget: ScanBudget, cwd: string): Promise<boolean> {
  if (/\.[cm]?js$/.test(path)) return false;
  if (!opens(budget)) return false;
  const found = await resolveInTree(root, path);
  if (found?.kind !== 'file') return false; // its absence is reported elsewhere
  const text = (await readInTree(root, path, SCRIPT_BYTES)) ?? '';
  if (NODE_SCRIPT.test(text)) return false;
  // A text without its interpreter is run by the shell.
  const isShell = SHELL_SCRIPT.test(text) || (text !== '' && !/^#!|\0/.test(text));
  return isShell ? textIsForeign(root, cwd, text, budget) : true;
}

/** Returns whether a shell script runs such a program; false for one that cannot be read. */
async function scriptIsForeign(root: string, cwd: string, script: string, budget: ScanBudget): Promise<boolean> {
  if (!opens(budget)) return false;
  const text = await readInTree(root, below(cwd, script), SCRIPT_BYTES);
  return text !== undefined && textIsForeign(root, cwd, text, budget);
}

async function textIsForeign(root: string, cwd: string, text: string, budget: ScanBudget): Promise<boolean> {
  for (const line of text.split('\n')) {
    if (/^\s*(?:#|$)/.test(line)) continue;
    for (const { words } of shellCommands(line) ?? []) {
      if (--budget.left < 0) return false;
      const program = words.slice(words.findIndex((word) => !/^\w+=/.test(word) && word !== 'exec'));
      if (program[0] === undefined || !/^[\w./-]+$/.test(program[0]) || KNOWN.test(program[0])) continue;
      if (await isForeign(root, cwd, program, budget)) return true;
    }
  }
  return false;
}

const opens = (budget: ScanBudget): boolean => (budget.left -= SCRIPT_COST) >= 0;

/** Words of the shell, and programs of Node. */
const KNOWN =
  /^(?:if|then|else|elif|fi|for|while|until|do|done|case|esac|in|set|export|unset|echo|printf|test|true|false|source|exec|exit|trap|wait|cd|eval|read|shift|return|local|ulimit|umask|kill|function|command|node|npm|npx|pnpm|pnpx|yarn|yarnpkg|bun|bunx|\.)$/;

const below = (folder: string, name: string): string =>
  posix.normalize(posix.join(folder === '' ? '.' : folder, name)).replace(/\/$/, '');

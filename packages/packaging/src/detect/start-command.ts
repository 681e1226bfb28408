import { takesNextWord } from './valued-options.ts';

/**
 * How a server is started: an argument vector that needs no shell, or a script for /bin/sh. `entry`: the JavaScript
 * file, when it is plain `node file`. `folder`: where it runs, relative to the project; absent for the project's own
 * folder.
 */
export type StartCommand = Readonly<
  (
    | { kind: 'argv'; argv: readonly string[]; environment: Readonly<Record<string, string>>; entry?: string }
    | { kind: 'shell'; script: string }
  ) & { folder?: string }
>;

/**
 * Splits a start script into words when it is plain: no expansions, pipes, lists or redirections, quotes closed.
 * Everything else is left to a shell inside the function's sandbox.
 */
export function parseStartCommand(script: string): StartCommand {
  const words = plainWords(script);
  if (words === undefined) return { kind: 'shell', script };
  const environment: Record<string, string> = {};
  let first = 0;
  for (; first < words.length; first++) {
    const match = /^([A-Za-z_][A-Za-z0-9_]*)=(.*)$/s.exec(words[first] ?? '');
    if (match?.[1] === undefined) break;
    environment[match[1]] = match[2] ?? '';
  }
  const argv = words.slice(first);
  if (argv[0] !== 'node') return { kind: 'shell', script };
  const entry = nodeEntry(argv.slice(1));
  return { kind: 'argv', argv, environment, ...(entry === undefined ? {} : { entry }) };
}

const NO_FILE = new Set(['-e', '--eval', '-p', '--print', '--run', '--test', '-i']);

function nodeEntry(words: readonly string[]): string | undefined {
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? '';
    if (NO_FILE.has(word)) return undefined;
    if (takesNextWord('node', word)) i++;
    else if (!word.startsWith('-')) return word;
  }
  return undefined;
}

function plainWords(text: string): readonly string[] | undefined {
  const words: string[] = [];
  let word = '';
  let inWord = false;
  for (let i = 0; i < text.length; i++) {
    const char = text[i] ?? '';
    if (char === "'" || char === '"') {
      const end = text.indexOf(char, i + 1);
      if (end === -1) return undefined;
      const quoted = text.slice(i + 1, end);
      if (char === '"' && /[$`\\]/.test(quoted)) return undefined;
      word += quoted;
      inWord = true;
      i = end;
    } else if (/\s/.test(char)) {
      if (/[\r\n]/.test(char)) return undefined;
      if (inWord) words.push(word);
      word = '';
      inWord = false;
    } else if (/[$`\\|&;<>()*?[\]{}~#!]/.test(char)) return undefined;
    else {
      word += char;
      inWord = true;
    }
  }
  if (inWord) words.push(word);
  return words.length === 0 ? undefined : words;
}

/**
 * One command of a shell script. `words`: split with quotes resolved. `plain`: no expansion, glob, redirection or
 * subshell, so the words are what the shell would pass. `text`: its source. `operator`: the one before it.
 */
export type ShellCommand = Readonly<{
  words: readonly string[];
  plain: boolean;
  text: string;
  operator: '' | '&&' | '||' | ';' | '|' | '&';
}>;

type Draft = {
  words: string[];
  word: string;
  inWord: boolean;
  plain: boolean;
  from: number;
  operator: ShellCommand['operator'];
};
const draft = (from: number, operator: ShellCommand['operator']): Draft => ({
  words: [],
  word: '',
  inWord: false,
  plain: true,
  from,
  operator,
});

/**
 * Splits a script into its commands, as far as possible without running it. Undefined when quotes are not closed: only
 * a shell may judge that.
 */
export function shellCommands(script: string): readonly ShellCommand[] | undefined {
  const out: ShellCommand[] = [];
  let now = draft(0, '');
  const endWord = (): void => {
    if (now.inWord) now.words.push(now.word);
    now.word = '';
    now.inWord = false;
  };
  const endCommand = (at: number, length: number, operator: ShellCommand['operator']): void => {
    endWord();
    if (now.words.length > 0)
      out.push({ words: now.words, plain: now.plain, text: script.slice(now.from, at).trim(), operator: now.operator });
    // `a && (newline) b` keeps the stronger operator.
    now = draft(at + length, now.words.length === 0 && now.operator !== '' ? now.operator : operator);
  };
  for (let i = 0; i < script.length; i++) {
    const char = script[i] ?? '';
    const two = script.slice(i, i + 2);
    if (char === "'" || char === '"') {
      const end = closingQuote(script, i);
      if (end === -1) return undefined;
      const quoted = script.slice(i + 1, end);
      if (char === '"' && /[$`]/.test(quoted)) now.plain = false;
      now.word += char === '"' ? quoted.replace(/\\(["\\$`])/g, '$1') : quoted;
      now.inWord = true;
      i = end;
    } else if (char === '\\') {
      now.plain = false;
      now.word += script[++i] ?? '';
      now.inWord = true;
    } else if (char === '\n' || char === ';') endCommand(i, 1, ';');
    else if (/\s/.test(char)) endWord();
    else if (two === '&&' || two === '||') {
      endCommand(i, 2, two);
      i++;
    } else if (char === '|' || (char === '&' && script[i - 1] !== '>' && script[i + 1] !== '>')) endCommand(i, 1, char);
    else {
      if (/[$`<>()*?[\]{}~#!&]/.test(char)) now.plain = false;
      now.word += char;
      now.inWord = true;
    }
  }
  endCommand(script.length, 0, '');
  return out;
}

function closingQuote(script: string, from: number): number {
  const quote = script[from];
  for (let i = from + 1; i < script.length; i++) {
    if (script[i] === '\\' && quote === '"') i++;
    else if (script[i] === quote) return i;
  }
  return -1;
}

/** Quotes a word for a shell, where it needs quotes. */
export const shellWord = (text: string): string =>
  /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;

/** Writes a command with its variables as shell text. */
export const shellText = (argv: readonly string[], environment: Readonly<Record<string, string>>): string =>
  [...Object.entries(environment).map(([name, value]) => `${name}=${shellWord(value)}`), ...argv.map(shellWord)].join(
    ' ',
  );

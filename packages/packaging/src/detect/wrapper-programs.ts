/** Programs that run what follows, and which of their options take a word. */
export const RUNNERS: Readonly<Record<string, readonly string[]>> = {
  env: ['-u', '-C', '--unset', '--chdir'],
  'cross-env': [],
  'cross-env-shell': [],
  exec: [],
  nohup: [],
  time: [],
  command: [],
  corepack: [],
  nice: ['-n'],
  'dumb-init': [],
  tini: [],
  'with-env': [],
  dotenv: ['-e', '-v', '-p', '-c'],
  dotenvx: ['-f', '-e', '--env-file', '--env'],
  'env-cmd': ['-f', '--file', '-e', '--environments', '-r'],
  'dotenv-flow': ['-p'],
  npx: ['-p', '--package', '-c', '--call'],
  pnpx: [],
  bunx: [],
  doppler: ['-p', '-c', '--project', '--config'],
  infisical: ['--env'],
};
/** Programs whose arguments are whole scripts that run beside each other or in a row. */
export const SEVERAL = new Set(['concurrently', 'conc', 'npm-run-all', 'npm-run-all2', 'run-p', 'run-s']);
export const SHELLS = new Set(['sh', 'bash', 'dash', 'ash', 'zsh']);

/** Skips the options of a wrapper and their values, up to the command that it runs. */
export function afterOptions(words: readonly string[], valued: readonly string[], name: string): readonly string[] {
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? '';
    if (word === '--') return words.slice(i + 1);
    if (valued.includes(word)) i++;
    else if (name === 'env-cmd' && /^\.?\/?[\w./-]*\.(?:env|json|rc)[\w.]*$|^\.env/.test(word)) continue;
    else if ((name === 'dotenvx' || name === 'doppler' || name === 'infisical') && word === 'run') continue;
    else if (!word.startsWith('-')) return words.slice(i);
  }
  return [];
}

/** Returns the scripts that `concurrently` or `npm-run-all` starts. */
export function severalOf(name: string, words: readonly string[]): readonly string[] {
  const out: string[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? '';
    if (
      /^(?:-n|--names|-c|--prefix-colors|-p|--prefix|-m|--max-processes|-s|--success|-l|--max-parallel)$/.test(word) &&
      name.startsWith('conc')
    )
      i++;
    else if (word === '--') break;
    else if (!word.startsWith('-'))
      out.push(
        name.startsWith('conc')
          ? word.replace(/^(npm|pnpm|yarn|bun|node):/, (_, manager: string) => `${manager} run `)
          : `npm run ${word}`,
      );
  }
  return out;
}

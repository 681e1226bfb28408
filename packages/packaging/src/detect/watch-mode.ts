/** Options of nodemon, supervisor and their like that take the next word: what they name is not what is run. */
const WATCH_VALUES =
  /^(?:-w|--watch|-e|--ext|-i|--ignore|-d|--delay|--config|-s|--signal|--cwd|--extensions|--poll-interval|-p|-P|--project)$/;
const withoutValues = (words: readonly string[]): readonly string[] =>
  words.filter((word, i) => !WATCH_VALUES.test(words[i - 1] ?? '') || word.startsWith('-'));

export type Unwatched = Readonly<{ argv: readonly string[]; changed: boolean }>;

/** Returns what `nodemon server.js`, `tsx watch a.ts` and `node --watch a.js` run, once. */
export function withoutWatching(name: string, argv: readonly string[]): Unwatched {
  const rest = argv.slice(1);
  const named = withoutValues(rest);
  const file = named.find((word) => /\.[cm]?[jt]sx?$/.test(word) && !word.includes('*'));
  const after = (runner: string): readonly string[] =>
    file === undefined ? argv : [runner, ...rest.slice(rest.indexOf(file))];
  switch (name) {
    case 'nodemon':
    case 'supervisor':
    case 'node-dev': {
      const exec = rest[rest.findIndex((word) => word === '--exec' || word === '-x') + 1];
      const isExec = rest.some((word) => word === '--exec' || word === '-x');
      if (isExec && exec !== undefined)
        return {
          argv: [...exec.split(/\s+/), ...(file === undefined || exec.includes(file) ? [] : [file])],
          changed: true,
        };
      if (file !== undefined) return { argv: after(file.endsWith('ts') ? 'tsx' : 'node'), changed: true };
      return { argv: ['node', named.find((word) => !word.startsWith('-')) ?? '.'], changed: true };
    }
    case 'ts-node-dev':
    case 'tsnd':
      return file === undefined ? { argv, changed: false } : { argv: after('ts-node'), changed: true };
    case 'tsx':
      if (rest.includes('--watch')) return { argv: argv.filter((word) => word !== '--watch'), changed: true };
      return rest[0] === 'watch'
        ? {
            argv: ['tsx', ...rest.slice(1).filter((word) => !/^--(?:clear-screen|ignore|include|exclude)/.test(word))],
            changed: true,
          }
        : { argv, changed: false };
    case 'node':
    case 'bun': {
      const words = argv.filter(
        (word, i) => !/^--(?:watch|hot)(?:$|-path|-preserve|=)/.test(word) && argv[i - 1] !== '--watch-path',
      );
      return { argv: words, changed: words.length !== argv.length };
    }
    case 'pm2-runtime':
    case 'pm2': {
      const script = rest.find((word) => /\.[cm]?js$/.test(word) && !/ecosystem|pm2|\.config\./.test(word));
      return script === undefined || /npm|--interpreter/.test(rest.join(' '))
        ? { argv, changed: false }
        : { argv: ['node', script, ...(rest.includes('--') ? rest.slice(rest.indexOf('--') + 1) : [])], changed: true };
    }
    case 'fastify': {
      const words = argv.filter((word) => !/^(?:-w|--watch|-P|--pretty-logs)$/.test(word));
      return { argv: words, changed: words.length !== argv.length };
    }
    case 'forever':
      return file === undefined ? { argv, changed: false } : { argv: after('node'), changed: true };
    default:
      return { argv, changed: false };
  }
}

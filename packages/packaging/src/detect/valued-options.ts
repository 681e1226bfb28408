/** Options of Node that take the next word as their value. */
const NODE: ReadonlySet<string> = new Set([
  '-r',
  '--require',
  '--import',
  '--loader',
  '--experimental-loader',
  '--env-file',
  '--env-file-if-exists',
  '-C',
  '--conditions',
  '--title',
]);

/** Those of package managers, besides the ones that name a folder or a workspace. */
const MANAGERS: Readonly<Record<string, ReadonlySet<string>>> = {
  bun: new Set([
    '--env-file',
    '-r',
    '--preload',
    '--require',
    '--import',
    '-c',
    '--config',
    '-d',
    '--define',
    '-l',
    '--loader',
    '--conditions',
    '--main-fields',
    '--extension-order',
    '--tsconfig-override',
    '--port',
    '--title',
    '--drop',
    '--shell',
    '--elide-lines',
    '--dns-result-order',
    '--unhandled-rejections',
    '--max-http-header-size',
    '--console-depth',
  ]),
  npm: new Set(['--loglevel', '--userconfig', '--script-shell', '--cache', '--registry']),
  pnpm: new Set(['--loglevel', '--reporter', '--workspace-concurrency', '--resume-from', '--registry']),
  yarn: new Set(['--cache-folder', '--modules-folder', '--mutex', '--registry']),
};

/** Returns whether an option of node, npm, pnpm, yarn or bun takes the next word as its value. */
export const takesNextWord = (program: string, option: string): boolean =>
  (program === 'node' ? NODE : MANAGERS[program])?.has(option) === true;

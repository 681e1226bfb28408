import { joinFolder } from './script-folder.ts';

/** Programs that serve a folder of files. */
export const FILE_SERVERS = new Set([
  'serve',
  'http-server',
  'sirv',
  'sirv-cli',
  'local-web-server',
  'ws',
  'angular-http-server',
  'superstatic',
  'live-server',
]);

/** Returns the files of a file server: `serve -s build -l 3000` is the folder `build`, as a single-page application. */
export function shownBy(args: readonly string[], folder: string): Readonly<{ directory: string; spa: boolean }> {
  let directory = '';
  for (let i = 0; i < args.length && directory === ''; i++) {
    const word = args[i] ?? '';
    if (/^-(?:l|p|c|a|-listen|-port|-config|-host|-cors|d|-directory)$/.test(word)) i++;
    else if (!word.startsWith('-')) directory = word;
  }
  return {
    directory: joinFolder(folder, directory === '' ? '.' : directory),
    spa: args.some((word) => /^-(?:s|-single|-spa)$/.test(word)),
  };
}

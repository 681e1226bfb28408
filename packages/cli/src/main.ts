import { run } from './run.ts';

const stopping = new AbortController();
// the first Ctrl-C ends what runs in good order, the second one at once
process.once('SIGINT', () => {
  process.once('SIGINT', () => process.exit(130));
  stopping.abort();
});
// a reader that ends early, such as `head`, is no error
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

process.exitCode = await run(process.argv.slice(2), {
  directory: process.cwd(),
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  signal: stopping.signal,
});

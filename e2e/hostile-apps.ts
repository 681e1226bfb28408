import { nodeServer } from './repository.ts';

/** Returns the files of an app with a server, and a build when there is code for it. */
export const server = (code: string, build?: string): Record<string, string> => ({
  'package.json': JSON.stringify({
    name: 'app',
    private: true,
    scripts: { start: 'node server.js', ...(build === undefined ? {} : { build: 'node build.js' }) },
  }),
  'server.js': code,
  'build.js': build ?? '',
});
const holderProgram = `require('node:http').createServer((req, res) => res.end('hostile')).listen(process.env.PORT);`;

/** Apps whose deployment must fail, with the codes one of which it gets, and what the error says. */
export const FAILING: readonly (readonly [
  name: string,
  files: Record<string, string>,
  codes: readonly string[],
  says: RegExp,
])[] = [
  [
    'dies at start',
    server(`console.error('no database here'); process.exit(3);`),
    ['verification_failed', 'function_start_failed'],
    /no database here|exit/i,
  ],
  ['answers 500', nodeServer(`res.statusCode = 500; res.end('broken');`), ['verification_failed'], /500/],
  [
    'never listens',
    server('setInterval(() => {}, 1000);'),
    ['verification_failed', 'function_start_failed'],
    /respond|listen/i,
  ],
  [
    'has a build that fails',
    server(holderProgram, `console.error('a type error in line 7'); process.exit(2);`),
    ['build_failed'],
    /a type error in line 7|exit/,
  ],
  [
    'has a build that hangs',
    server(holderProgram, 'setInterval(() => {}, 1000);'),
    ['build_timeout'],
    /minute|second|time/i,
  ],
  [
    'has a build that eats memory',
    server(holderProgram, 'const all = []; for (;;) all.push(Buffer.alloc(16 << 20, 1));'),
    ['build_out_of_memory'],
    /512|memory/i,
  ],
  [
    'has a build that bombs with processes',
    server(
      holderProgram,
      `const { spawn } = require('node:child_process'); for (let i = 0; i < 300; i++) spawn('sleep', ['60'], { stdio: 'ignore' }).on('error', () => {}); setTimeout(() => process.exit(1), 1000);`,
    ),
    ['build_too_many_processes'],
    /128|process/i,
  ],
  [
    'has a build that fills its disk',
    server(
      holderProgram,
      `const fs = require('node:fs'); const fd = fs.openSync('big', 'w'); for (;;) fs.writeSync(fd, Buffer.alloc(8 << 20, 1));`,
    ),
    ['build_out_of_disk'],
    /disk|space/i,
  ],
];

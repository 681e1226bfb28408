import { plain } from '../../e2e/platform.ts';
import { EXAMPLE } from '../subjects/bare.ts';
import { deafClient, deploy, end, flood, type Attack } from './attack.ts';

const DEPTH = 26;

/** C3: a customer's expression that takes exponential time in a backtracking engine. */
export const expression: Attack = {
  id: 'expression',
  what: 'an expression of a next.config that backtracks for ever',
  async prepare(platform) {
    const config = `export default { async headers() { return [{ source: '/slow', has: [{ type: 'header', key: 'x-probe', value: '${'(?:a|a)'.repeat(DEPTH)}' }], headers: [{ key: 'x-matched', value: '1' }] }]; } };\n`;
    const host = await deploy(platform, 'expression', { 'next.config.ts': config }, EXAMPLE);
    return async () => {
      const stop = await flood(4, () =>
        plain(platform.edgePort, host, '/slow', { headers: { 'x-probe': `${'a'.repeat(DEPTH)}!` } }),
      );
      return async () => {
        await stop();
        await end(platform, 'expression');
      };
    };
  },
};

/** H3: interim responses without end, for a client that reads nothing. */
export const hints: Attack = {
  id: 'early-hints',
  what: 'early hints without end for clients that read nothing',
  async prepare(platform) {
    const server = `const net = require('node:net');
const hint = 'HTTP/1.1 103 Early Hints\\r\\n' + Array.from({ length: 6 }, (_, i) => 'Link: <' + 'a'.repeat(2000) + i + '>; rel=preload\\r\\n').join('') + '\\r\\n';
net.createServer((socket) => {
  let seen = '';
  socket.on('error', () => {});
  socket.on('data', (data) => {
    seen += data;
    if (!seen.includes('\\r\\n\\r\\n')) return;
    if (!seen.startsWith('POST')) { seen = ''; return void socket.write('HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nok'); }
    const many = Buffer.from(hint.repeat(20));
    (function more() { while (!socket.destroyed && socket.write(many)); socket.once('drain', more); })();
  });
}).listen(process.env.PORT);\n`;
    const host = await deploy(platform, 'hints', {
      'package.json': JSON.stringify({ name: 'hints', private: true, scripts: { start: 'node server.js' } }),
      'server.js': server,
    });
    return async () => {
      const sockets = Array.from({ length: 4 }, () =>
        deafClient(
          platform.edgePort,
          `POST /h HTTP/1.1\r\nHost: ${host}:${platform.edgePort}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
        ),
      );
      return async () => {
        for (const socket of sockets) socket.destroy();
        await end(platform, 'hints');
      };
    };
  },
};

/** H4: sites of very many files with long names, requested in turn so that each evicts the other. */
export const manifests: Attack = {
  id: 'manifests',
  what: 'two sites of 20,000 files with long names, requested in turn',
  async prepare(platform) {
    const folder = ['d'.repeat(100), 'e'.repeat(100)].join('/');
    const files = Object.fromEntries([
      ['index.html', '<h1>big</h1>'],
      ...Array.from({ length: 20_000 }, (_, i) => [`${folder}/${i}.bin`, 'x'] as const),
    ]);
    const hosts: string[] = [];
    for (const project of ['many-a', 'many-b']) hosts.push(await deploy(platform, project, files));
    return async () => {
      const stop = await flood(2, (i) => plain(platform.edgePort, hosts[i % hosts.length] ?? '', `/?${i}`));
      return async () => {
        await stop();
        for (const project of ['many-a', 'many-b']) await end(platform, project);
      };
    };
  },
};

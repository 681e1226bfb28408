import assert from 'node:assert/strict';
import { test } from 'node:test';
import { materialFor, handshake, respond, get, using } from './fixtures/tls-bed.ts';

test('HSTS is on every response over TLS, memoized ones included, and yields to that of the application', () =>
  using(async (bed) => {
    const { host } = await bed.deployment((_req, res) => {
      res.setHeader('strict-transport-security', 'max-age=5');
      res.end('x');
    });
    bed.certificates.serve([host], await materialFor(host));
    bed.certificates.publish({
      domains: ['app.localhost', host].map((name) => ({ name, httpsOnly: true, hstsSeconds: 31_536_000 })),
    });
    const ours = 'Strict-Transport-Security: max-age=31536000';
    const count = (text: string): number => text.toLowerCase().split('strict-transport-security').length - 1;
    const socket = await handshake(bed);
    for (const path of ['/a.txt', '/a.txt', '/a.txt', '/a.txt', '/missing']) {
      const response = await respond(socket, get(path));
      socket.removeAllListeners('data');
      assert.ok(response.toLowerCase().includes(ours.toLowerCase()), `${path}: ${response}`);
      assert.equal(count(response), 1, path);
    }
    socket.destroy();
    const app = await handshake(bed, { servername: host });
    const response = await respond(app, get('/', host));
    assert.match(response, /max-age=5\r/);
    assert.equal(count(response), 1);
    app.destroy();
    bed.certificates.publish({ domains: [] });
    const later = await handshake(bed);
    assert.equal(count(await respond(later, get('/a.txt'))), 0);
    later.destroy();
  }));

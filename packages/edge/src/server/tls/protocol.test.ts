import assert from 'node:assert/strict';
import { test } from 'node:test';
import { wildcard, start, handshake, refusal, sessionOf, using } from './fixtures/tls-bed.ts';

test('TLS 1.1 and ciphers without forward secrecy are refused', () =>
  using(async (bed) => {
    assert.equal(
      await refusal(bed, { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' }),
      'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION',
    );
    assert.equal(
      await refusal(bed, { maxVersion: 'TLSv1.2', ciphers: 'AES128-GCM-SHA256:ECDHE-ECDSA-AES128-SHA' }),
      'ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE',
    );
  }));

test('the post-quantum group is chosen first', () =>
  using(async (bed) => {
    for (const [offered, chosen] of [
      ['X25519MLKEM768:X25519', 'X25519MLKEM768'],
      ['X25519:X25519MLKEM768', 'X25519MLKEM768'],
      ['X25519', 'X25519'],
      ['P-256', 'P-256'],
    ] as const) {
      const socket = await handshake(bed, { ecdhCurve: offered });
      const info = socket.getEphemeralKeyInfo();
      assert.ok(info !== null && 'name' in info, offered);
      assert.equal(info.name === 'prime256v1' ? 'P-256' : info.name, chosen, offered);
      socket.destroy();
    }
  }));

test('a session is resumed in TLS 1.3 and 1.2, and not for another site', () =>
  using(async (bed) => {
    bed.certificates.serve(['*.example.com'], wildcard);
    for (const version of ['TLSv1.3', 'TLSv1.2'] as const) {
      const versions = { minVersion: version, maxVersion: version };
      const session = await sessionOf(bed, versions);
      const resumed = await handshake(bed, { ...versions, session });
      assert.equal(resumed.isSessionReused(), true, version);
      resumed.destroy();
      const other = await handshake(bed, { ...versions, session, servername: 'a.example.com' });
      assert.equal(other.isSessionReused(), false, version);
      other.destroy();
    }
  }));

test('sessions are resumed by another worker, which has the same ticket keys', () =>
  using(async (bed) => {
    const other = await start();
    try {
      const ticketKeys = [Buffer.alloc(48, 7).toString('base64')];
      for (const one of [bed, other]) one.certificates.publish({ ticketKeys });
      for (const version of ['TLSv1.3', 'TLSv1.2'] as const) {
        const versions = { minVersion: version, maxVersion: version };
        const session = await sessionOf(bed, versions);
        const resumed = await handshake(other, { ...versions, session });
        assert.equal(resumed.isSessionReused(), true, version);
        resumed.destroy();
      }
    } finally {
      await other.stop();
    }
  }));

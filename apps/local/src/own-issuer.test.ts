import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Certificates } from '@anchor/core/ports/certificates.ts';
import { fail, ok } from '@anchor/core/result/result.ts';
import { manualClock } from '@anchor/testing/clock.ts';
import { OwnIssuer } from './own-issuer.ts';

const NAME = '*.apps.example.com';

test('a name whose request was refused is requested again after a minute, then once an hour', async () => {
  const clock = manualClock();
  const requested: string[] = [];
  const reported: string[] = [];
  let isSet = false;
  const refusal = fail('source_refused', 'x leads nowhere', 'Set its record.');
  const certificates: Pick<Certificates, 'canIssue' | 'request'> = {
    canIssue: () => ok(undefined),
    request: async ([name = '']) => {
      requested.push(name);
      return isSet ? ok(undefined) : refusal;
    },
  };
  const ports = { certificates: certificates as Certificates, clock };
  const issuer = new OwnIssuer(ports, { names: [NAME], report: (message) => reported.push(message) });
  const due: boolean[] = [];
  for (const seconds of [0, 1, 60, 59, 1, 3_599, 1]) {
    clock.advance(seconds * 1_000);
    if (requested.length === 2) isSet = true;
    due.push(await issuer.run());
  }
  assert.deepEqual(due, [true, false, true, false, true, false, true]);
  assert.deepEqual(reported, [`no certificate for ${NAME}: x leads nowhere. Set its record.`]);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Certificate } from '../ports/certificates.ts';
import { certificateWarnings } from './certificate-watch.ts';

const DAY = 24 * 60 * 60 * 1000;
const certificate = (over: Partial<Certificate> = {}): Certificate => ({
  id: 'crt_1',
  names: ['example.com'],
  origin: 'acme',
  issuer: 'Test CA',
  notBefore: 0,
  notAfter: 90 * DAY,
  renewAt: 60 * DAY,
  renewals: 0,
  fingerprint: 'f',
  ...over,
});
const levels = (at: number, over: Partial<Certificate> = {}): readonly string[] =>
  certificateWarnings([certificate(over)], at).map(({ level }) => level);

test('a renewal is overdue some days after 2/3 of the lifetime, then 7 and 2 days before the end, then expired', () => {
  assert.deepEqual(
    [59, 62, 63, 83, 88, 90].map((day) => levels(day * DAY).join()),
    ['', '', 'overdue', 'week', 'two_days', 'expired'],
  );
});

test('the time that the CA named for the renewal comes before the rule of 2/3', () => {
  assert.deepEqual(levels(64 * DAY, { renewAt: 70 * DAY }), []);
  assert.deepEqual(levels(73 * DAY, { renewAt: 70 * DAY }), ['overdue']);
});

test('a certificate of six days is judged by its renewal alone', () => {
  const short = { notAfter: 6 * DAY, renewAt: 4 * DAY };
  assert.deepEqual(levels(3.9 * DAY, short), []);
  assert.deepEqual(levels(4.5 * DAY, short), ['overdue']);
});

test('an upload has no renewal, only an end', () => {
  const { renewAt: _, ...upload } = certificate({ origin: 'upload' });
  assert.deepEqual(certificateWarnings([upload], 70 * DAY), []);
  assert.match(certificateWarnings([upload], 85 * DAY)[0]?.fix ?? '', /anchor certificates upload/);
});

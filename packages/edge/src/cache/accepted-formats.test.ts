import assert from 'node:assert/strict';
import { test } from 'node:test';
import { acceptedFormats } from './accepted-formats.ts';

test('headers that choose alike are one, however they are written', () => {
  const chrome = acceptedFormats('image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8');
  assert.equal(chrome, 'image/avif,image/webp,image/*>*/*');
  for (const same of [
    'image/avif,image/webp,image/png,image/*,*/*;q=0.8',
    'image/avif, image/webp , image/*, */* ; q=0.501',
    'text/html;q=0.9,image/avif;q=1.0,image/webp,image/*,*/*;q=0.001',
  ])
    assert.equal(acceptedFormats(same), chrome, same);
  assert.deepEqual(['', 'text/html', 'image/png,text/*;q=0.3', 'application/json;v=b3;q=0.7'].map(acceptedFormats), [
    '',
    '',
    '',
    '',
  ]);
});

test('headers that may choose differently are not', () => {
  const headers = [
    'image/avif,image/webp',
    'image/webp,image/avif',
    'image/avif;q=0.5,image/webp',
    'image/webp',
    'image/avif',
    '*/*',
    'image/*',
    'image/webp;q=0.1,*/*',
    'image/webp,*/*',
    'image/avif;q=0,image/webp',
    'image/webp;q=0',
    '',
  ];
  assert.equal(new Set(headers.map(acceptedFormats)).size, headers.length);
  for (let i = 0; i < 1000; i++)
    assert.equal(
      acceptedFormats(`image/webp;q=0.${String(i).padStart(3, '0')}`.replace('0.000', '0.001')),
      'image/webp',
    );
});

test('unusual types are left to the optimizer', () => {
  for (const odd of [
    'image/webp;level=1',
    'IMAGE/WEBP',
    'image/webp,image/webp;q=0.5',
    'image/webp;q=2',
    'image/webp;q=',
    'text/html;x=image/avif',
    'image/webp;q=0.5;x=1',
    '*',
    'image',
    '*/webp',
    'a'.repeat(600),
    'image/webpx;"',
    ',',
  ])
    assert.equal(acceptedFormats(odd), undefined, odd);
});

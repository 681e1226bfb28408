import assert from 'node:assert/strict';
import { test } from 'node:test';
import { anchorError } from '@anchor/core/result/result.ts';
import { renderProblem } from './error-page.ts';
import * as problems from './problems.ts';

const failure = anchorError('artifact_invalid', 'The manifest is not in the blob store', 'Deploy again.');
const pages = [
  problems.badRequest('The path is too long.'),
  problems.malformed(),
  problems.headTooLarge(),
  problems.headTooSlow(),
  problems.unknownHost('shop.example'),
  problems.misdirected('shop.example'),
  problems.notFound('/cart'),
  problems.methodNotAllowed('POST'),
  problems.tooLarge(1024 * 1024),
  problems.visitorTimedOut(1000),
  problems.expectationFailed(),
  problems.startFailed(failure),
  problems.startTimedOut(30),
  problems.functionGone('ECONNRESET'),
  problems.functionTimedOut(1000),
  problems.brokenArtifact(failure),
  problems.missingFile(),
  problems.tooManyInflight(),
  problems.rulesTookTooLong(),
  problems.internal(),
];

test('no page that a visitor sees names a part of the platform', () => {
  assert.equal(pages.length, Object.keys(problems).length);
  for (const page of pages)
    for (const accept of ['text/html', 'text/plain', 'application/json']) {
      // The code is for programs.
      const { body } = renderProblem({ ...page, code: '' }, 'request-id', accept);
      assert.doesNotMatch(body, /\b(?:blob|manifest|artifact|function|worker|edge|upstream|lease)\b/i, page.title);
    }
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { operations } from '../browser/operations.ts';
import { isOperation, type Operation, type OperationTree } from '../endpoints/operation.ts';
import { splitInput } from './split.ts';

const all = (tree: OperationTree): readonly Operation[] =>
  Object.values(tree).flatMap((node) => (isOperation(node) ? [node] : all(node)));

test('no value of a parameter leads to another endpoint', () => {
  for (const operation of all(operations).filter(({ params }) => params.length > 0))
    for (const value of ['.', '..', '../x', '%2e%2e', '..%2f', '/', '?a', '#a', 'a/../..', '\\..']) {
      const input = Object.fromEntries(operation.params.map((name) => [name, value]));
      const { path } = splitInput(operation, input);
      const url = new URL(path, 'http://x');
      assert.equal(url.pathname.split('/').length, operation.path.split('/').length, `${operation.path} with ${value}`);
      assert.equal(url.pathname + url.search, path);
    }
});

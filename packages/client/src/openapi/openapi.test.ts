import { test } from 'node:test';
import assert from 'node:assert/strict';
import { endpoints } from '../endpoints/table.ts';
import { openApi } from './openapi.ts';

type Json = Record<string, unknown>;
const description = openApi(endpoints, { version: '1.2.3', server: 'http://127.0.0.1:7400' });
const operations = Object.entries(description.paths).flatMap(([path, item]) =>
  Object.entries(item).map(([method, operation]) => ({ path, method, operation })),
);
const every = function* (value: unknown): Generator<Json> {
  if (typeof value !== 'object' || value === null) return;
  if (!Array.isArray(value)) yield value as Json;
  for (const item of Object.values(value)) yield* every(item);
};

test('every endpoint of the table is described, once, under its own name', () => {
  const described = operations.map(({ path, method }) => `${method.toUpperCase()} ${path}`).sort();
  assert.deepEqual(described, [...new Set(endpoints.map(([, { method, path }]) => `${method} ${path}`))].sort());
  const ids = operations.map(({ operation }) => operation.operationId);
  assert.equal(new Set(ids).size, ids.length);
});

test('every reference leads to a schema of the description, and no JSON-Schema-only keyword is left over', () => {
  const schemas = (description.components as { schemas: Json }).schemas;
  let references = 0;
  for (const object of every(description)) {
    const reference = object['$ref'];
    if (typeof reference === 'string') {
      references += 1;
      assert.ok(
        reference.startsWith('#/components/schemas/') && reference.slice('#/components/schemas/'.length) in schemas,
        reference,
      );
    }
    assert.ok(!('$defs' in object) && !('$schema' in object));
  }
  assert.ok(references > 20);
  for (const name of [
    'Project',
    'Deployment',
    'Variable',
    'Delivery',
    'Alias',
    'LogLine',
    'Token',
    'Environment',
    'Problem',
  ])
    assert.ok(name in schemas, name);
});

test('every path parameter is declared and required, every operation describes success and failure, and only health and signing in need no token', () => {
  for (const { path, operation } of operations) {
    const declared = (operation.parameters ?? []).filter((parameter) => parameter['in'] === 'path');
    assert.deepEqual(
      declared.map((parameter) => parameter['name']),
      [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]),
      operation.operationId,
    );
    assert.ok(declared.every((parameter) => parameter['required'] === true));
    const codes = Object.keys(operation.responses);
    assert.ok(codes.some((code) => code.startsWith('2')) && codes.includes('500'), operation.operationId);
    const open = ['platform.health', 'sessions.create', 'invitations.accept'];
    assert.equal(operation.security?.length === 0, open.includes(operation.operationId));
    for (const response of Object.values(operation.responses)) assert.equal(typeof response['description'], 'string');
  }
});

test('the description is plain JSON of OpenAPI 3.1', () => {
  assert.equal(description.openapi, '3.1.0');
  assert.deepEqual(JSON.parse(JSON.stringify(description)), description);
});

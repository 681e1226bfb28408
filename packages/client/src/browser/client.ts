import type { Problem } from '../schemas/problem.ts';
import { isOperation, type OperationTree } from '../endpoints/operation.ts';
import { callFunction } from '../http/call.ts';
import type { Client } from '../http/client.ts';
import type { Connection, Fetch } from '../http/request.ts';
import { success } from '../http/result.ts';
import { operations } from './operations.ts';

/**
 * Creates the typed client for a page of the platform's own: the same calls, with the session's cookie in place of a
 * token. Responses are those of the server that the page came with, so they are not checked, and zod stays out of the
 * page. `baseUrl`: an origin, or nothing for that of the page.
 */
export function createBrowserClient(settings: Readonly<{ baseUrl?: string; fetch?: Fetch }> = {}): Client {
  const connection: Connection = {
    baseUrl: settings.baseUrl ?? '',
    fetch: settings.fetch ?? ((url, init) => fetch(url, init)),
    readProblem: (json) => (isProblem(json) ? json : undefined),
  };
  return build(connection, operations) as Client; // made from the table that `Client` is the type of
}

const build = (connection: Connection, tree: OperationTree): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    Object.entries(tree).map(([name, node]) => [
      name,
      isOperation(node) ? callFunction(connection, { operation: node, read: success }) : build(connection, node),
    ]),
  );

const TEXTS = ['type', 'title', 'detail', 'code', 'fix'] as const;

function isProblem(json: unknown): json is Problem {
  if (typeof json !== 'object' || json === null) return false;
  const fields: Partial<Record<string, unknown>> = { ...json };
  return typeof fields['status'] === 'number' && TEXTS.every((name) => typeof fields[name] === 'string');
}

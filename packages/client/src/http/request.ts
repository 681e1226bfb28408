import type { Operation } from '../endpoints/operation.ts';
import type { Problem } from '../schemas/problem.ts';
import { clientProblem, failure, success, type ApiResult } from './result.ts';
import { splitInput } from './split.ts';
import type { CallOptions } from './types.ts';

export type Fetch = (input: string, init: RequestInit) => Promise<Response>;
export type Connection = Readonly<{
  baseUrl: string;
  token?: string;
  fetch: Fetch;
  /** Returns undefined for what is no problem of the API. */
  readProblem: (json: unknown) => Problem | undefined;
}>;
/** An operation, and how its responses are read: checked against the schema, or taken as they are. */
export type Call = Readonly<{ operation: Operation; read: (json: unknown) => ApiResult<unknown> }>;
type Flat = Readonly<Record<string, unknown>>;

/** Sends one request; returns the response when it is a success, else the problem. */
export async function send(
  connection: Connection,
  operation: Operation,
  input: Flat,
  options: CallOptions,
  extra: Readonly<Record<string, string>> = {},
): Promise<ApiResult<Response>> {
  const { path, body, content } = splitInput(operation, input);
  const headers: Record<string, string> = {
    accept: operation.stream === 'events' ? 'text/event-stream' : 'application/json',
    ...extra,
  };
  if (connection.token !== undefined) headers['authorization'] = `Bearer ${connection.token}`;
  if (options.idempotencyKey !== undefined) headers['idempotency-key'] = options.idempotencyKey;
  if (options.ifMatch !== undefined) headers['if-match'] = `"${options.ifMatch}"`;
  const init: RequestInit & { duplex?: 'half' } = {
    method: operation.method,
    headers,
    redirect: 'error',
    signal: options.signal ?? null,
  };
  if (operation.stream === 'upload') {
    headers['content-type'] = operation.mediaType ?? 'application/octet-stream';
    init.body = content as BodyInit;
    init.duplex = 'half';
  } else if (operation.body) {
    headers['content-type'] = 'application/json';
    init.body = JSON.stringify(body);
  }
  try {
    const response = await connection.fetch(connection.baseUrl.replace(/\/+$/, '') + path, init);
    return response.ok ? { ok: true, value: response } : failure(await problemOf(connection, response));
  } catch (error) {
    if (options.signal?.aborted === true)
      return failure(clientProblem('aborted', 0, 'The request was stopped.', 'Run the command again.'));
    return failure(
      clientProblem(
        'unreachable',
        0,
        `No response from ${connection.baseUrl}.`,
        'Check that the server is running and that the address is right.',
        causeOf(error),
      ),
    );
  }
}

/** Reads the response of a success. */
export async function readResponse({ operation, read }: Call, response: Response): Promise<ApiResult<unknown>> {
  if (operation.stream === 'download')
    return response.body === null
      ? failure(invalidResponse(response.status, 'It has no body.'))
      : success(response.body);
  if (!operation.response) return success(undefined);
  try {
    return read(await response.json());
  } catch (error) {
    return failure(invalidResponse(response.status, causeOf(error)));
  }
}

export const invalidResponse = (status: number, cause?: string) =>
  clientProblem(
    'bad_answer',
    status,
    'Invalid response of the server.',
    'Check that the address is the API of Anchor Deploy, and that client and server have the same version.',
    cause,
  );

async function problemOf({ readProblem }: Connection, response: Response): Promise<Problem> {
  try {
    const problem = readProblem(await response.json());
    if (problem !== undefined) return problem;
  } catch {
    // not JSON: another program than our server responded
  }
  return invalidResponse(response.status, `HTTP ${response.status}`);
}

function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error
    ? error.cause.message || String((error.cause as { code?: unknown }).code ?? error.message)
    : error.message;
}

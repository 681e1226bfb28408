import type { Endpoint } from '../endpoints/endpoint.ts';
import { problemSchema } from '../schemas/problem.ts';
import { clientProblem, failure, type ApiResult } from './result.ts';
import { splitInput } from './split.ts';
import type { CallOptions } from './types.ts';

export type Fetch = (input: string, init: RequestInit) => Promise<Response>;
export type Connection = Readonly<{ baseUrl: string; token?: string; fetch: Fetch }>;
type Flat = Readonly<Record<string, unknown>>;

/** Sends one request; returns the response when it is a success, else the problem. */
export async function send(
  connection: Connection,
  endpoint: Endpoint,
  input: Flat,
  options: CallOptions,
  extra: Readonly<Record<string, string>> = {},
): Promise<ApiResult<Response>> {
  const { path, body, content } = splitInput(endpoint, input);
  const headers: Record<string, string> = {
    accept: endpoint.stream === 'events' ? 'text/event-stream' : 'application/json',
    ...extra,
  };
  if (connection.token !== undefined) headers['authorization'] = `Bearer ${connection.token}`;
  if (options.idempotencyKey !== undefined) headers['idempotency-key'] = options.idempotencyKey;
  if (options.ifMatch !== undefined) headers['if-match'] = `"${options.ifMatch}"`;
  const init: RequestInit & { duplex?: 'half' } = {
    method: endpoint.method,
    headers,
    redirect: 'error',
    signal: options.signal ?? null,
  };
  if (endpoint.stream === 'upload') {
    headers['content-type'] = endpoint.mediaType ?? 'application/octet-stream';
    init.body = content as BodyInit;
    init.duplex = 'half';
  } else if (endpoint.body !== undefined) {
    headers['content-type'] = 'application/json';
    init.body = JSON.stringify(body);
  }
  try {
    const response = await connection.fetch(connection.baseUrl.replace(/\/+$/, '') + path, init);
    return response.ok ? { ok: true, value: response } : failure(await problemOf(response));
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

/** Reads and checks the JSON response of a success. */
export async function readResponse(endpoint: Endpoint, response: Response): Promise<ApiResult<unknown>> {
  if (endpoint.stream === 'download')
    return response.body === null
      ? failure(invalidResponse(response.status, 'It has no body.'))
      : { ok: true, value: response.body };
  if (endpoint.response === undefined) return { ok: true, value: undefined };
  try {
    const parsed = endpoint.response.safeParse(await response.json());
    return parsed.success
      ? { ok: true, value: parsed.data }
      : failure(invalidResponse(response.status, parsed.error.issues[0]?.message));
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

async function problemOf(response: Response) {
  try {
    const parsed = problemSchema.safeParse(await response.json());
    if (parsed.success) return parsed.data;
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

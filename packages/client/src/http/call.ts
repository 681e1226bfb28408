import { follow } from './follow.ts';
import { readResponse, send, type Call, type Connection } from './request.ts';
import type { CallOptions } from './types.ts';

type Flat = Readonly<Record<string, unknown>>;

/** Returns the function of the client for one operation. */
export const callFunction =
  (connection: Connection, call: Call) =>
  (input: Flat = {}, options: CallOptions = {}) =>
    call.operation.stream === 'events'
      ? follow(connection, call, input, options)
      : once(connection, call, input, options);

async function once(connection: Connection, call: Call, input: Flat, options: CallOptions) {
  const response = await send(connection, call.operation, input, options);
  return response.ok ? readResponse(call, response.value) : response;
}

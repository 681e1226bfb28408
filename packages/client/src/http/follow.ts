import { readEvents } from './event-stream.ts';
import { invalidResponse, send, type Call, type Connection } from './request.ts';
import { clientProblem, failure, type ApiResult } from './result.ts';
import type { CallOptions } from './types.ts';

const FIRST_DELAY_MS = 250;
const LAST_DELAY_MS = 5_000;
const ATTEMPTS = 10;

/**
 * Follows an event endpoint until its event of type `end`. A lost connection is resumed with Last-Event-ID, so no event
 * is missed or repeated. After ten attempts without an event in between, the problem is yielded and it ends.
 */
export async function* follow(
  connection: Connection,
  call: Call,
  input: Readonly<Record<string, unknown>>,
  options: CallOptions,
): AsyncGenerator<ApiResult<unknown>> {
  let lastId: string | undefined;
  let failures = 0;
  let lastProblem = clientProblem('unreachable', 0, 'The connection was lost.', 'Run the command again.');
  while (options.signal?.aborted !== true) {
    const opened = await send(
      connection,
      call.operation,
      input,
      options,
      lastId === undefined ? {} : { 'last-event-id': lastId },
    );
    if (!opened.ok && opened.problem.status !== 0 && opened.problem.status < 500 && opened.problem.status !== 429)
      return yield opened;
    if (opened.ok && opened.value.body !== null) {
      try {
        for await (const event of readEvents(opened.value.body)) {
          failures = 0;
          lastId = event.id ?? lastId;
          const parsed = parse(call, event.data);
          yield parsed;
          if (!parsed.ok || isEnd(parsed.value)) return;
        }
      } catch {
        // the connection broke: taken up again below
      }
    } else if (!opened.ok) lastProblem = opened.problem;
    failures += 1;
    if (failures > ATTEMPTS) return yield failure(lastProblem);
    await pause(Math.min(LAST_DELAY_MS, FIRST_DELAY_MS * 2 ** (failures - 1)), options.signal);
  }
}

function parse({ read }: Call, data: string): ApiResult<unknown> {
  try {
    return read(JSON.parse(data));
  } catch {
    return failure(invalidResponse(200, 'An event is not JSON.'));
  }
}

const isEnd = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && 'type' in value && value.type === 'end';

const pause = (ms: number, signal: AbortSignal | undefined): Promise<void> =>
  new Promise((resolve) => {
    const stop = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', stop);
      resolve();
    };
    const timer = setTimeout(stop, ms);
    signal?.addEventListener('abort', stop);
  });

import { fail, ok, type Result } from '@anchor/core/result/result.ts';
import type { HttpError } from '../http/problem.ts';

/** Reads a JSON body of at most `maxBytes`. An empty one counts as `{}`, so that POSTs without options need none. */
export async function readJson(
  request: Request,
  maxBytes: number,
): Promise<Result<Readonly<{ value: unknown; text: string }>, HttpError>> {
  const tooLarge = fail(
    'too_large',
    `The body is larger than ${maxBytes} bytes`,
    'Send less at once; large files go to the uploads endpoint.',
  );
  if (Number(request.headers.get('content-length') ?? 0) > maxBytes) return tooLarge;
  const bytes = await readLimited(request.body, maxBytes);
  if (bytes === 'too_large') return tooLarge;
  if (bytes.length === 0) return ok({ value: {}, text: '' });
  const type = request.headers.get('content-type') ?? '';
  if (!/^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i.test(type))
    return fail(
      'malformed_body',
      'The body is not announced as JSON',
      'Send it with Content-Type: application/json.',
      type === '' ? undefined : `Content-Type is ${type.slice(0, 80)}`,
    );
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return fail('malformed_body', 'The body is not UTF-8', 'Encode it as UTF-8.');
  }
  try {
    return ok({ value: JSON.parse(text) as unknown, text });
  } catch (error) {
    return fail(
      'malformed_body',
      'The body is not JSON',
      'Send valid JSON.',
      error instanceof Error ? error.message.slice(0, 200) : undefined,
    );
  }
}

async function readLimited(
  body: ReadableStream<Uint8Array> | null,
  maxBytes: number,
): Promise<Uint8Array | 'too_large'> {
  if (body === null) return new Uint8Array();
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > maxBytes) return 'too_large';
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

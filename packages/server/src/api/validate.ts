import type { z } from 'zod';
import { issueText } from '@anchor/core/result/issue.ts';
import { anchorError, err, ok, type Result } from '@anchor/core/result/result.ts';
import type { HttpError } from '../http/problem.ts';

/** Checks one part of a request against its schema; every wrong field is named. */
export function validate(
  part: 'path' | 'query' | 'body',
  schema: z.ZodType | undefined,
  value: unknown,
): Result<unknown, HttpError> {
  if (schema === undefined) return ok(undefined);
  const parsed = schema.safeParse(value);
  if (parsed.success) return ok(parsed.data);
  const errors = parsed.error.issues
    .slice(0, 20)
    .map((issue) => ({ path: [part, ...issue.path.map(String)].join('.'), message: issueText(issue) }));
  const first = errors[0];
  return err({
    ...anchorError(
      'invalid_input',
      `The ${part} is not valid`,
      'Correct the named fields; GET /api/openapi.json describes them.',
      first === undefined ? undefined : `${first.path}: ${first.message}`,
    ),
    errors,
  });
}

import { z } from 'zod';

/**
 * Every error code of the API, stable: programs match on these. `unreachable` and `bad_answer` are made by the client
 * itself.
 */
export const PROBLEM_CODES = [
  'invalid_input',
  'malformed_body',
  'too_large',
  'unauthenticated',
  'bad_signature',
  'forbidden',
  'not_found',
  'already_exists',
  'conflict',
  'not_ready',
  'rate_limited',
  'disk_full',
  'sandbox_unavailable',
  'source_refused',
  'source_unreachable',
  'detect_failed',
  'install_failed',
  'build_failed',
  'build_timeout',
  'build_out_of_memory',
  'build_out_of_disk',
  'build_too_many_processes',
  'output_missing',
  'output_refused',
  'artifact_invalid',
  'function_start_failed',
  'function_timeout',
  'verification_failed',
  'canceled',
  'superseded',
  'unsupported',
  'internal',
] as const;
export type ProblemCode = (typeof PROBLEM_CODES)[number];
export const CLIENT_CODES = ['unreachable', 'bad_answer', 'aborted'] as const;
export type ClientCode = (typeof CLIENT_CODES)[number];

/** Why something was refused or failed, for a user: what (`message`), why (`cause`), what to do (`fix`). */
export const failureSchema = z
  .object({ code: z.string(), message: z.string(), cause: z.string().optional(), fix: z.string() })
  .meta({ id: 'Failure' });
export type Failure = z.infer<typeof failureSchema>;

/** RFC 9457 problem details: every response that is not a success, as `application/problem+json`. */
export const problemSchema = z
  .object({
    type: z.string().meta({ description: 'urn:anchor:problem:<code>' }),
    title: z.string().meta({ description: 'The kind of problem, the same for every problem of a code.' }),
    status: z.int(),
    detail: z.string().meta({ description: 'What happened.' }),
    code: z.string().meta({ description: 'Stable; for programs to match on.', examples: [...PROBLEM_CODES] }),
    cause: z.string().optional().meta({ description: 'Why it happened.' }),
    fix: z.string().meta({ description: 'How to fix it.' }),
    instance: z.string().optional().meta({ description: 'The request id, as in the server log.' }),
    errors: z
      .array(z.object({ path: z.string(), message: z.string() }))
      .optional()
      .meta({ description: 'Each wrong field of the input.' }),
  })
  .meta({ id: 'Problem' });
export type Problem = Readonly<z.infer<typeof problemSchema>>;

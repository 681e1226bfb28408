import type { ProblemCode } from './problem.ts';

/** The one HTTP status of each code, and what kind of problem it is. */
const KINDS: Readonly<Record<ProblemCode, readonly [status: number, title: string]>> = {
  invalid_input: [422, 'The input is not valid'],
  malformed_body: [400, 'The body cannot be read'],
  too_large: [413, 'Too large'],
  unauthenticated: [401, 'A valid token is needed'],
  bad_signature: [401, 'The signature is wrong or missing'],
  forbidden: [403, 'The token does not allow this'],
  not_found: [404, 'Not found'],
  already_exists: [409, 'It exists already'],
  conflict: [409, 'It has changed or is busy'],
  not_ready: [409, 'Not ready for this'],
  rate_limited: [429, 'Too many requests'],
  disk_full: [507, 'The disk is full'],
  sandbox_unavailable: [503, 'This machine cannot isolate builds'],
  source_refused: [422, 'The source is refused'],
  source_unreachable: [502, 'The source cannot be reached'],
  detect_failed: [422, 'The kind of application was not detected'],
  install_failed: [422, 'Installing failed'],
  build_failed: [422, 'The build failed'],
  build_timeout: [422, 'The build took too long'],
  build_out_of_memory: [422, 'The build used too much memory'],
  build_out_of_disk: [422, 'The build used too much disk'],
  build_too_many_processes: [422, 'The build started too many processes'],
  output_missing: [422, 'The build produced no output'],
  output_refused: [422, 'The output is refused'],
  artifact_invalid: [500, 'The artifact is damaged'],
  function_start_failed: [502, 'The function did not start'],
  function_timeout: [504, 'The function took too long'],
  verification_failed: [422, 'The deployment failed verification'],
  canceled: [409, 'Canceled'],
  superseded: [409, 'Superseded by a newer one'],
  unsupported: [501, 'Not supported'],
  internal: [500, 'An error of the platform'],
};

export const statusOf = (code: ProblemCode): number => KINDS[code][0];
export const titleOf = (code: ProblemCode): string => KINDS[code][1];

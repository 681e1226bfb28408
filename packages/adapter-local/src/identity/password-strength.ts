import { Worker } from 'node:worker_threads';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';
import type { StrengthEstimate, StrengthInput } from './strength-thread.ts';

const MIN_CHARS = 10;
const MAX_CHARS = 200;
/** zxcvbn takes 70 ms for 200 characters; the first 72 decide. */
const JUDGED_CHARS = 72;
/** 10^8 guesses and more: out of reach where 10 wrong ones lock the account. */
const SUFFICIENT = 3;

/**
 * Refuses a password that is easily guessed. zxcvbn's dictionaries take 50 MB while they are read, so they are read in a
 * thread that ends with the check.
 */
export async function checkPasswordStrength(password: string, known: readonly string[]): Promise<Result<void>> {
  const { length } = [...password];
  if (length < MIN_CHARS || length > MAX_CHARS)
    return fail(
      'invalid_input',
      `The password has ${length} characters`,
      `Use ${MIN_CHARS} to ${MAX_CHARS} characters.`,
    );
  const words = known.flatMap((text) => [text, ...text.split(/[\s@._-]+/)]).filter((text) => text.length > 2);
  const { score } = await judge({ password: password.slice(0, JUDGED_CHARS), known: words });
  return score >= SUFFICIENT
    ? ok(undefined)
    : fail(
        'invalid_input',
        'The password is easily guessed',
        'Use a longer one, such as four random words, without your name, your address, dates or common passwords.',
      );
}

function judge(input: StrengthInput): Promise<StrengthEstimate> {
  return new Promise((resolve, reject) => {
    const thread = new Worker(new URL('./strength-thread.ts', import.meta.url), { workerData: input });
    thread.once('message', (estimate: StrengthEstimate) => {
      resolve(estimate);
      void thread.terminate();
    });
    thread.once('error', reject);
    thread.once('exit', (code) => reject(new Error(`the strength of a password was not judged: exit code ${code}`)));
  });
}

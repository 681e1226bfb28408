import { until } from './until.ts';

/** Resolves when the clock shows a later whole millisecond: what is stamped before and after differs. */
export async function nextMillisecond(): Promise<void> {
  const from = Date.now();
  await until('the next millisecond', () => Date.now() > from + 1);
}

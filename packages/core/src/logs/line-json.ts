import { LOG_LEVELS, type LogLine } from './log-line.ts';

/** Returns a line as JSON that starts with its number and ends with a newline. */
export const encodeLine = (line: LogLine): string => {
  const { n, at, level, text, step, requestId } = line;
  return `${JSON.stringify({ n, at, level, step, requestId, text })}\n`;
};

/** Returns undefined for an invalid line, such as after a crash: it is skipped. */
export function decodeLine(json: string): LogLine | undefined {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return undefined;
  }
  if (
    typeof value !== 'object' ||
    value === null ||
    !('n' in value) ||
    !('at' in value) ||
    !('level' in value) ||
    !('text' in value)
  )
    return undefined;
  const level = LOG_LEVELS.find((known) => known === value.level);
  if (
    typeof value.n !== 'number' ||
    typeof value.at !== 'number' ||
    typeof value.text !== 'string' ||
    level === undefined
  )
    return undefined;
  return {
    n: value.n,
    at: value.at,
    level,
    text: value.text,
    ...('step' in value && typeof value.step === 'string' ? { step: value.step } : {}),
    ...('requestId' in value && typeof value.requestId === 'string' ? { requestId: value.requestId } : {}),
  };
}

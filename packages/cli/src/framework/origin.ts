import type { ApiResult } from '@anchor/client/http/result.ts';
import { commandError } from './problem.ts';

/** Returns the address of a platform as it is stored and compared: scheme, host and port, nothing else. */
export function originOf(text: string): ApiResult<string> {
  try {
    const url = new URL(text.includes('://') ? text : `http://${text}`);
    if ((url.protocol === 'http:' || url.protocol === 'https:') && url.username === '' && url.password === '')
      return { ok: true, value: url.origin };
  } catch {
    // reported below
  }
  return commandError(
    'usage',
    `"${text.slice(0, 100)}" is not the address of a platform.`,
    'Use an address such as http://127.0.0.1:7400, without user name and password.',
  );
}

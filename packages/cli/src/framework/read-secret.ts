import { Writable } from 'node:stream';
import { createInterface } from 'node:readline/promises';
import type { Context } from './context.ts';

/** Reads one line from a pipe, or from the terminal without showing what is typed. */
export async function readSecret(context: Context, question: string): Promise<string> {
  const { stdin, out, signal } = context;
  if (stdin.isTTY !== true) {
    let text = '';
    for await (const chunk of stdin) text += String(chunk);
    return text;
  }
  out.raw(question);
  const reader = createInterface({
    input: stdin,
    output: new Writable({ write: (_chunk, _encoding, callback) => callback() }),
    terminal: true,
  });
  try {
    return await reader.question('', { signal });
  } catch {
    return ''; // Ctrl-C
  } finally {
    reader.close();
    out.note('');
  }
}

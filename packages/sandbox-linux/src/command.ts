import { spawn } from 'node:child_process';

export type Ran = Readonly<{ code: number; stdout: string; stderr: string }>;

/** The platform's own tools run with this environment and nothing of the caller's. */
export const TOOL_ENV = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' } as const;

/** Runs one of the platform's tools to its end. Never rejects: a missing program resolves with code 127. */
export const run = (argv: readonly [string, ...string[]], input = ''): Promise<Ran> =>
  new Promise((resolve) => {
    const [file, ...args] = argv;
    const child = spawn(file, args, { env: TOOL_ENV, cwd: '/', stdio: 'pipe' });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.stdin.on('error', () => {});
    child.on('error', (error) => resolve({ code: 127, stdout, stderr: error.message }));
    child.on('close', (code) => resolve({ code: code ?? 1, stdout, stderr }));
    child.stdin.end(input);
  });

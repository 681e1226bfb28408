import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { terminalSvg } from './docs/terminal-svg.ts';

// Records a command in a real terminal (script(1) of bsdutils) as an animated picture:
//   node scripts/record.ts docs/up.svg ./up --once
const [file, ...command] = process.argv.slice(2);
if (file === undefined || command.length === 0) {
  console.error('Usage: node scripts/record.ts <file.svg> <command …>');
  process.exit(2);
}
const recording: [number, string][] = [];
const started = performance.now();
const child = spawn(
  'script',
  [
    '--quiet',
    '--flush',
    '--return',
    '--command',
    command.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' '),
    '/dev/null',
  ],
  {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, COLUMNS: '100', LINES: '40', TERM: 'xterm-256color' },
  },
);
child.stdout.setEncoding('utf8').on('data', (text: string) => {
  process.stdout.write(text);
  recording.push([performance.now() - started, text]);
});
child.on('close', (code) => {
  if (code === 0) writeFileSync(file, terminalSvg(recording, command.join(' ')));
  process.exitCode = code ?? 1;
});

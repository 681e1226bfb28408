import type { Deployment } from '@anchor/client/schemas/deployment.ts';
import type { LogLine } from '@anchor/client/schemas/log-line.ts';
import type { Output } from './output.ts';
import { duration } from './units.ts';

/**
 * Shows a deployment as it happens: its log, which holds each step with the time it took, and below it what runs now.
 */
export type Progress = Readonly<{ line(line: LogLine): void; deployment(deployment: Deployment): void; end(): void }>;

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const FRAME_MS = 100;
/** The platform's own lines in a build log: a step starts, or it has finished with its duration. */
const STEP = /^([▸✓✗]) ((?:fetch|install|build|package|publish|verify|switch)(?: [\d.]+ s)?|http\S+|live after .+)$/;

export function showProgress(out: Output, now: () => number = Date.now): Progress {
  const spinner = out.live ? makeSpinner(out, now) : undefined;
  return {
    line(line) {
      // The deployment's error is shown as its outcome.
      if (line.step === 'failure') return;
      spinner?.clear();
      const text = out.safe(line.text);
      const step = STEP.exec(text);
      if (step !== null)
        out.note(
          `${step[1] === '✓' ? out.color.green('✓') : step[1] === '✗' ? out.color.red('✗') : out.color.cyan('▸')} ${step[2] ?? ''}`,
        );
      else
        out.note(
          `  ${line.level === 'error' ? out.color.red(text) : line.level === 'warn' ? out.color.yellow(text) : out.color.dim(text)}`,
        );
    },
    deployment(deployment) {
      const running = deployment.steps.find((step) => step.endedAt === undefined);
      spinner?.show(running?.name ?? deployment.status, running?.startedAt ?? deployment.createdAt);
    },
    end: () => spinner?.stop(),
  };
}

/** Draws what is waited for and for how long, in place: only for a terminal. */
export function makeSpinner(out: Output, now: () => number) {
  let label = '';
  let since = now();
  let frame = 0;
  const draw = (): void => {
    if (label === '') return;
    frame = (frame + 1) % FRAMES.length;
    out.raw(`\r\u001b[2K${out.color.cyan(FRAMES[frame] ?? '')} ${label} ${out.color.dim(duration(now() - since))}`);
  };
  const clear = (): void => out.raw('\r\u001b[2K');
  const timer = setInterval(draw, FRAME_MS);
  timer.unref();
  return {
    clear,
    show(text: string, from: number) {
      label = text;
      since = from;
    },
    stop() {
      clearInterval(timer);
      clear();
    },
  };
}

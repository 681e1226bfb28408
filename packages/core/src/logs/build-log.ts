import type { DeploymentId } from '../names/id.ts';
import type { Ports } from '../ports/ports.ts';
import { createRedactor } from './redact.ts';
import { createLineSplitter, levelOf } from './lines.ts';
import type { LogLevel, LogLine } from './log-line.ts';

/** A build's log on its way to the store: redacted, cut into lines, batched, and cut off when a build prints without end. */
export type BuildLog = Readonly<{
  output(chunk: string, level: LogLevel, step: string): void;
  /** One line of the platform's own. */
  note(text: string, level?: LogLevel, step?: string): void;
  /** Resolves when everything so far is stored. */
  flush(): Promise<void>;
}>;

/** 20 MB of text; what comes after is counted, not kept. The last lines are kept apart, because they say why it failed. */
const MAX_BYTES = 20 * 1024 * 1024;
const MAX_BATCH = 2_000;

export function createBuildLog(ports: Pick<Ports, 'logs' | 'clock'>, id: DeploymentId, secrets: readonly string[]): BuildLog {
  const redactors = new Map<string, ReturnType<typeof createRedactor>>();
  const splitters = new Map<string, ReturnType<typeof createLineSplitter>>();
  let pending: Omit<LogLine, 'n'>[] = [];
  let writing: Promise<void> = Promise.resolve();
  let scheduled = false;
  let bytes = 0;
  let dropped = 0;

  const write = (): void => {
    scheduled = false;
    const batch = pending.splice(0, MAX_BATCH);
    if (batch.length > 0) writing = writing.then(() => ports.logs.append('build', id, batch));
    // A full disk is told by `flush`, at the end of the build, and not as an error that nobody handles.
    writing.catch(() => undefined);
    if (pending.length > 0) schedule();
  };
  const schedule = (): void => {
    if (scheduled) return;
    scheduled = true;
    queueMicrotask(write);
  };
  const add = (text: string, level: LogLevel, step: string | undefined, counted: boolean): void => {
    if (counted) {
      if (bytes > MAX_BYTES) {
        dropped += text.length + 1;
        return;
      }
      bytes += text.length + 1;
      if (bytes > MAX_BYTES) {
        pending.push({ at: ports.clock.now(), level: 'warn', text: `The log is cut here: the build printed more than ${MAX_BYTES / 1024 / 1024} MB. The build goes on.`, ...(step === undefined ? {} : { step }) });
        schedule();
        return;
      }
    }
    pending.push({ at: ports.clock.now(), level, text, ...(step === undefined ? {} : { step }) });
    schedule();
  };
  const streamOf = (level: LogLevel) => (level === 'error' || level === 'warn' ? 'err' : 'out');

  return {
    output(chunk, level, step) {
      const stream = streamOf(level);
      const redactor = redactors.get(stream) ?? createRedactor(secrets);
      redactors.set(stream, redactor);
      const splitter = splitters.get(stream) ?? createLineSplitter();
      splitters.set(stream, splitter);
      for (const line of splitter.push(redactor.push(chunk))) add(line, levelOf(line, level), step, true);
    },
    note(text, level = 'info', step) {
      const redactor = createRedactor(secrets);
      add(redactor.push(text) + redactor.flush(), level, step, false);
    },
    async flush() {
      for (const [stream, redactor] of redactors) {
        const splitter = splitters.get(stream);
        if (splitter === undefined) continue;
        for (const line of [...splitter.push(redactor.flush()), ...splitter.flush()]) add(line, levelOf(line, 'info'), undefined, true);
      }
      if (dropped > 0) {
        pending.push({ at: ports.clock.now(), level: 'warn', text: `${(dropped / 1024 / 1024).toFixed(1)} MB more were printed and are not kept.` });
        dropped = 0;
      }
      while (pending.length > 0) write();
      await writing;
    },
  };
}

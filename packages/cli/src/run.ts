import { CommanderError, type Command as Commander } from 'commander';
import pkg from '../package.json' with { type: 'json' };
import { commands } from './commands.ts';
import { readEnvironment, type Environment } from './environment.ts';
import { makeContext } from './framework/context.ts';
import { EXIT_CODES, exitCodeOf } from './framework/exit-code.ts';
import { makeProgram } from './framework/program.ts';
import { makeOutput, problemLines, type Streams } from './output/output.ts';

export type Invocation = Streams &
  Readonly<{ directory: string; stdin: NodeJS.ReadStream; signal: AbortSignal; environment?: Environment }>;

/**
 * Runs one command line and returns its exit code (see framework/exit-code.ts). Never throws, never ends the process.
 */
export async function run(argv: readonly string[], invocation: Invocation): Promise<number> {
  const environment = invocation.environment ?? readEnvironment();
  let code: number = EXIT_CODES.ok[0];
  const program = makeProgram(commands, pkg.version, async (command, common, input) => {
    const out = makeOutput(invocation, { json: common.json, plain: environment.plain, ci: environment.ci });
    const outcome = await command.run(
      makeContext({ ...invocation, environment, out, url: common.url, project: common.project }),
      input,
    );
    if (outcome.ok) {
      if (out.json && outcome.value.data !== undefined) out.line(JSON.stringify(outcome.value.data, null, 2));
      if (!out.json) for (const line of outcome.value.text) out.line(line);
      code = outcome.value.failed === true ? EXIT_CODES.failed[0] : EXIT_CODES.ok[0];
    } else {
      const { code: name, detail: message, cause, fix, errors, instance } = outcome.problem;
      if (out.json)
        out.line(JSON.stringify({ error: { code: name, message, cause, fix, errors, requestId: instance } }, null, 2));
      for (const line of problemLines(outcome.problem, out)) out.note(line);
      code = exitCodeOf(name);
    }
    return outcome;
  });
  quiet(program, invocation);
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT_CODES.ok[0] : EXIT_CODES.usage[0];
    invocation.stderr.write(
      `✗ ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n  fix: This is an error in anchor itself: please report it with the lines above.\n`,
    );
    return EXIT_CODES.failed[0];
  }
}

/** Makes errors of the command line throw instead of exit; help is written to the invocation's output. */
function quiet(command: Commander, invocation: Invocation): void {
  command.exitOverride().configureOutput({
    writeOut: (text) => void invocation.stdout.write(text),
    writeErr: (text) => void invocation.stderr.write(text),
  });
  for (const child of command.commands) quiet(child, invocation);
}

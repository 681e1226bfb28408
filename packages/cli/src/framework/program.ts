import { Command as Commander, InvalidArgumentError, Option as CommanderOption } from 'commander';
import type { Command, Option, Outcome } from './command.ts';
import { EXIT_CODES } from './exit-code.ts';

/** The options that every command takes. */
export type Common = Readonly<{ json: boolean; url?: string | undefined; project?: string | undefined }>;
export type Runner = (command: Command, common: Common, input: Readonly<Record<string, unknown>>) => Promise<Outcome>;

const COMMAND_GROUPS: Readonly<Record<string, string>> = {
  projects: 'Applications: create, list, change, remove',
  deployments: 'Builds of commits: list, inspect',
  env: 'Variables and secrets of an environment',
  deliveries: 'Received webhooks and pushes: list, replay',
  tokens: 'Access tokens: create, list, revoke',
  people: 'Members of a team: list, invite, change, remove',
  sessions: 'Your sessions: list, revoke',
  teams: 'Teams: list, create, leave',
  audit: 'Log of all changes: list, export',
  'dead-letters': 'Dead jobs and records: list, revive, drop',
};

/** Returns the flag of an option: `healthPath` → `--health-path <value>`. */
const flagsOf = (key: string, option: Option): string => {
  const long = `--${key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  const value = option.kind === 'flag' ? '' : ` <${option.value ?? 'value'}>`;
  return `${option.short === undefined ? '' : `-${option.short}, `}${long}${value}`;
};

const wholeNumber = (text: string): number => {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(text);
};

/** Builds the program from the commands; `run` is called for the one that the command line names. */
export function makeProgram(commands: readonly Command[], version: string, run: Runner): Commander {
  const program = new Commander('anchor')
    .description('Deploy Next.js sites and the services around them: git push, and the site is live.')
    .version(version, '-V, --version')
    .helpCommand(false)
    .showHelpAfterError('(see anchor --help)');
  program.addHelpText(
    'after',
    `\nExit codes: ${Object.values(EXIT_CODES)
      .map(([code, meaning]) => `${code} ${meaning.toLowerCase().replace(/\.$/, '')}`)
      .join(
        '\n            ',
      )}\n\nStart here:\n  anchor login http://127.0.0.1:7400 --token-file ~/.anchor/admin-token\n  anchor init && git push anchor main\n`,
  );
  const nouns = new Map<string, Commander>();
  for (const command of commands) {
    const [first = '', verb] = command.name.split(' ');
    if (verb === undefined) {
      add(program, first, command, run);
      continue;
    }
    const noun =
      nouns.get(first) ??
      program
        .command(first)
        .description(COMMAND_GROUPS[first] ?? '')
        .helpCommand(false);
    nouns.set(first, noun);
    add(noun, verb, command, run);
  }
  return program;
}

function add(parent: Commander, word: string, definition: Command, run: Runner): void {
  const command = parent
    .command(word, { hidden: definition.hidden === true })
    .description(definition.summary)
    .summary(definition.summary);
  for (const argument of definition.arguments) {
    const name = argument.variadic === true ? `${argument.name}...` : argument.name;
    command.argument(argument.optional === true ? `[${name}]` : `<${name}>`, argument.help);
  }
  for (const [key, option] of Object.entries(definition.options)) {
    const made = new CommanderOption(flagsOf(key, option), option.help);
    if (option.kind === 'many')
      made.argParser((value: string, all: readonly string[] | undefined) => [...(all ?? []), value]);
    if (option.kind === 'count') made.argParser(wholeNumber);
    command.addOption(made);
  }
  if (definition.project === true)
    command.option('-p, --project <name>', "the project's name or id (default: the linked one)");
  command
    .option('--url <address>', 'the platform (default: where you logged in last)')
    .option('--json', 'print the result as JSON on stdout');
  const named =
    definition.project === true && definition.arguments.length === 0
      ? `A project is named with -p: anchor ${definition.name} -p <name>. `
      : '';
  command.showHelpAfterError(`(${named}see anchor ${definition.name} --help)`);
  command.addHelpText('after', help(definition));
  command.action(async () => {
    const options = command.opts<Record<string, unknown>>();
    const text = (key: string): string | undefined => (typeof options[key] === 'string' ? options[key] : undefined);
    await run(
      definition,
      {
        json: options['json'] === true,
        url: text('url'),
        ...(definition.project === true ? { project: text('project') } : {}),
      },
      inputOf(definition, command.processedArgs, options),
    );
  });
}

function inputOf(
  definition: Command,
  values: readonly unknown[],
  options: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const input: Record<string, unknown> = {};
  for (const [index, argument] of definition.arguments.entries()) input[argument.name] = values[index];
  for (const [key, option] of Object.entries(definition.options))
    input[key] = options[key] ?? (option.kind === 'flag' ? false : option.kind === 'many' ? [] : undefined);
  return input;
}

const help = (definition: Command): string =>
  `${definition.details === undefined ? '' : `\n${definition.details}\n`}\nExamples:\n${definition.examples.map((example) => `  ${example}`).join('\n')}\n`;

import type { Command, Option } from '@anchor/cli/framework/command.ts';
import { EXIT_CODES } from '@anchor/cli/framework/exit-code.ts';

const COMMON: Readonly<Record<string, Option>> = {
  url: { kind: 'text', value: 'address', help: 'the platform (default: the linked one, or where you logged in last)' },
  json: { kind: 'flag', help: 'print the result as JSON on stdout' },
};
const PROJECT: Readonly<Record<string, Option>> = {
  project: { kind: 'text', short: 'p', value: 'name', help: "the project's name or id (default: the linked one)" },
};

/** Generates docs/cli.md from the commands themselves. */
export function cliPage(commands: readonly Command[]): string {
  const shown = commands.filter((command) => command.hidden !== true);
  const anchorOf = (name: string): string => name.replaceAll(' ', '-');
  return [
    '# The command line',
    '',
    '<!-- Made by `node scripts/docs.ts` from packages/cli/src/commands; a test holds it. -->',
    '',
    'Run it as `./anchor` at the root of the repository, as `npx anchor` in it, or link it into your path: `ln -s "$PWD/anchor" ~/.local/bin/`.',
    '',
    'Results go to stdout, progress and errors to stderr. With `--json` stdout has only JSON; an error is `{"error": {"code", "message", "cause", "fix"}}`. A spinner moves on a terminal only; `NO_COLOR` and `CI` are honored.',
    '',
    'The token is stored in `~/.config/anchor/credentials.json` (mode 0600, `XDG_CONFIG_HOME` is honored). `ANCHOR_TOKEN`, `ANCHOR_URL` and `ANCHOR_PROJECT` override it, for continuous integration.',
    '',
    '| exit code | meaning |',
    '|---|---|',
    ...Object.values(EXIT_CODES).map(([code, meaning]) => `| ${code} | ${meaning} |`),
    '',
    '| command | |',
    '|---|---|',
    ...shown.map(
      (command) => `| [\`anchor ${command.name}\`](#anchor-${anchorOf(command.name)}) | ${command.summary} |`,
    ),
    '',
    ...shown.flatMap(section),
  ]
    .join('\n')
    .trimEnd()
    .concat('\n');
}

function section(command: Command): readonly string[] {
  const usage = [
    'anchor',
    command.name,
    ...command.arguments.map((argument) => {
      const name = `${argument.name}${argument.variadic === true ? '…' : ''}`;
      return argument.optional === true ? `[${name}]` : `<${name}>`;
    }),
    '[options]',
  ].join(' ');
  const options = { ...command.options, ...(command.project === true ? PROJECT : {}), ...COMMON };
  return [
    `## anchor ${command.name}`,
    '',
    `${command.summary}.`,
    '',
    ...(command.details === undefined ? [] : [command.details.replaceAll('\n', ' '), '']),
    '```',
    usage,
    '```',
    '',
    '| | |',
    '|---|---|',
    ...command.arguments.map((argument) => `| \`${argument.name}\` | ${cell(argument.help)} |`),
    ...Object.entries(options).map(([key, option]) => `| \`${flags(key, option)}\` | ${cell(option.help)} |`),
    '',
    '```bash',
    ...command.examples,
    '```',
    '',
  ];
}

const flags = (key: string, option: Option): string =>
  `${option.short === undefined ? '' : `-${option.short}, `}--${key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}${option.kind === 'flag' ? '' : ` <${option.value ?? 'value'}>`}`;
const cell = (text: string): string => text.replaceAll('|', '\\|');

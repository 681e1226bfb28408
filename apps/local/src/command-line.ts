import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';
import { settingsSchema, type Settings } from './settings.ts';
import { FLAGS } from './flags.ts';

export type Command = Readonly<{
  settings: Settings;
  once: boolean;
  help: boolean;
  demo: boolean;
  /** A backup to put in place before anything starts. */
  restore?: string;
  /** Start with an empty state; the existing one is moved aside. */
  fresh: boolean;
}>;

/** Reads the command line of `./up`; flags win over the environment. */
export function parseCommand(argv: readonly string[], env: NodeJS.ProcessEnv): Result<Command> {
  const options: Record<string, { type: 'string' | 'boolean'; multiple?: boolean }> = {
    once: { type: 'boolean' },
    help: { type: 'boolean' },
    'no-demo': { type: 'boolean' },
    restore: { type: 'string' },
    new: { type: 'boolean' },
  };
  for (const [flag, { multiple, boolean, formerly }] of Object.entries(FLAGS)) {
    for (const name of formerly === undefined ? [flag] : [flag, formerly.flag])
      options[name] = { type: boolean === true ? 'boolean' : 'string', ...(multiple === true ? { multiple } : {}) };
  }
  let values: Record<string, unknown>;
  try {
    ({ values } = parseArgs({ args: [...argv], options, strict: true, allowPositionals: false }));
  } catch (error) {
    return fail('invalid_input', error instanceof Error ? error.message : String(error), 'See ./up --help');
  }
  const raw: Record<string, unknown> = { data: join(homedir(), '.anchor'), trustStore: env['NODE_EXTRA_CA_CERTS'] };
  for (const [flag, spec] of Object.entries(FLAGS)) {
    const fromEnv = env[spec.env] ?? (spec.formerly === undefined ? undefined : env[spec.formerly.env]);
    if (fromEnv !== undefined && fromEnv !== '')
      raw[spec.key] =
        spec.multiple === true
          ? fromEnv.split(',')
          : spec.boolean === true
            ? fromEnv === '1' || fromEnv === 'true'
            : fromEnv;
    const given = values[flag] ?? (spec.formerly === undefined ? undefined : values[spec.formerly.flag]);
    if (given !== undefined) raw[spec.key] = given;
  }
  const parsed = settingsSchema.safeParse(raw);
  if (!parsed.success) return fail('invalid_input', z.prettifyError(parsed.error), 'See ./up --help');
  return ok({
    settings: { ...parsed.data, data: resolve(parsed.data.data) },
    once: values['once'] === true,
    help: values['help'] === true,
    demo: values['no-demo'] !== true,
    fresh: values['new'] === true,
    ...(typeof values['restore'] === 'string' ? { restore: resolve(values['restore']) } : {}),
  });
}

/** Returns the text of `./up --help`. */
export const usage = (): string =>
  [
    'Usage: ./up [flags]',
    '',
    'Starts the platform on this machine and stays in the foreground; Ctrl-C stops it.',
    '',
    '  --once                 exit with 0 when the demo is served',
    '  --no-demo              do not create the demo project',
    '  --restore FILE         restore a backup before starting; the existing state is moved aside',
    '  --new                  start with an empty state; the existing state is moved aside',
    ...Object.entries(FLAGS).map(([flag, { help, env }]) => `  --${flag.padEnd(20)} ${help} [${env}]`),
  ].join('\n');

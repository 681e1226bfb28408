import type { ApiResult } from '@anchor/client/http/result.ts';
import type { Context } from './context.ts';

/** A positional value on the command line. */
export type Argument = Readonly<{ name: string; help: string; optional?: true; variadic?: true }>;
/**
 * A value with a name. `flag` is given or not, `text` has a value, `many` may be repeated, `count` is a whole number.
 */
export type Option = Readonly<{
  kind: 'flag' | 'text' | 'many' | 'count';
  short?: string;
  value?: string;
  help: string;
}>;

type ArgumentValue<A extends Argument> = A extends { variadic: true }
  ? readonly string[]
  : A extends { optional: true }
    ? string | undefined
    : string;
type OptionValue<O extends Option> = O['kind'] extends 'flag'
  ? boolean
  : O['kind'] extends 'text'
    ? string | undefined
    : O['kind'] extends 'count'
      ? number | undefined
      : readonly string[];
export type Input<A extends readonly Argument[], O extends Readonly<Record<string, Option>>> = Readonly<
  { [K in A[number] as K['name']]: ArgumentValue<K> } & { [K in keyof O]: OptionValue<O[K]> }
>;

/**
 * The result of a command: `data` is what --json prints, `text` the lines for a user. A failed outcome with data ends
 * with exit code 1.
 */
export type Done = Readonly<{ data: unknown; text: readonly string[]; failed?: boolean }>;
export type Outcome = ApiResult<Done>;

/** Commands are data: the program, its help and docs/cli.md are all made from them. */
export type Command = Readonly<{
  /** `noun verb`, or one word. */
  name: string;
  summary: string;
  /** A paragraph for the help, where the summary is not enough. */
  details?: string;
  arguments: readonly Argument[];
  options: Readonly<Record<string, Option>>;
  /** Takes --project, and the linked folder's project when it is absent. */
  project?: boolean;
  examples: readonly string[];
  /** For other programs: not listed in the help. */
  hidden?: boolean;
  run(context: Context, input: Readonly<Record<string, unknown>>): Promise<Outcome>;
}>;

type Definition<A extends readonly Argument[], O extends Readonly<Record<string, Option>>> = Omit<
  Command,
  'arguments' | 'options' | 'run'
> &
  Readonly<{ arguments?: A; options?: O; run(context: Context, input: Input<A, O>): Promise<Outcome> }>;

/** Defines a command; its `run` gets values typed after its arguments and options. */
export function command<
  const A extends readonly Argument[] = readonly [],
  const O extends Readonly<Record<string, Option>> = Record<never, never>,
>(definition: Definition<A, O>): Command {
  const { run, ...rest } = definition;
  // program.ts reads the command line by these very arguments and options, so the values have the types named here
  return {
    ...rest,
    arguments: definition.arguments ?? [],
    options: definition.options ?? {},
    run: (context, input) => run(context, input as Input<A, O>),
  };
}

export const success = (data: unknown, ...text: readonly string[]): Outcome => ({ ok: true, value: { data, text } });

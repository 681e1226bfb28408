/**
 * A choice about V8, the C library or the kernel that changes how fast the platform is and not what it does. One
 * without a figure was never measured alone; the one that measures it adds the figure, or deletes the tuning where it
 * moves nothing.
 */
export type Tuning = Readonly<{
  /** Its name in `ANCHOR_TUNING_OFF`. */
  name: string;
  /** The flag, variable or system call, and why. */
  what: string;
  /** The file that applies it, from the root of the repository. */
  file: string;
  /** The day of the measurement, and what it moved by how much. */
  measured?: Readonly<{ on: string; figure: string }>;
  /** How it is switched off, where `ANCHOR_TUNING_OFF` is not what does it. */
  switch?: string;
}>;

/**
 * The tunings that `ANCHOR_TUNING_OFF` switches off: names, separated by commas. For measurements alone, so it is no
 * setting. Every process of the platform inherits the variable from `./up`.
 */
export const isOn = ({ name }: Tuning, env: NodeJS.ProcessEnv): boolean => !namesOff(env).includes(name);

/** Returns the names in `ANCHOR_TUNING_OFF` that no tuning has. */
export const unknownNames = (env: NodeJS.ProcessEnv, all: readonly Tuning[]): readonly string[] =>
  namesOff(env).filter((name) => !all.some((tuning) => tuning.name === name && tuning.switch === undefined));

const namesOff = (env: NodeJS.ProcessEnv): readonly string[] =>
  (env['ANCHOR_TUNING_OFF'] ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');

/** The start of Node: the prefix of its command, its own flags, and variables. */
export type ProcessStart = Readonly<{
  prefix: readonly string[];
  flags: readonly string[];
  variables: Readonly<Record<string, string>>;
}>;

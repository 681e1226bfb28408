type Nothing = Readonly<{ nothing: true }>;

// Lines that the bundle does not have.

export function fail(why: string): Nothing {
  throw new Error(`failed ${why}`);
}

type Lock = Readonly<{
  packages: Readonly<
    Record<
      string,
      Readonly<{ version?: string; dev?: boolean; optionalDependencies?: Readonly<Record<string, string>> }>
    >
  >;
}>;
export function missingEntries(lock: Lock): Record<string, unknown>;
export function withoutIntegrity(lock: { packages: Record<string, object> }): Record<string, string>;

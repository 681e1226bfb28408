/** One port under test: made new for each test, ended after it. */
export type Harness<T> = Readonly<{
  subject: T;
  /** Forgets all that is in memory and opens it again; absent for adapters that keep nothing. */
  reopen?: () => Promise<T>;
  end: () => Promise<void>;
}>;
export type Make<T> = () => Promise<Harness<T>>;

/** Runs a test on a fresh subject and ends it, whatever happens. */
export const using =
  <H extends Readonly<{ end: () => Promise<void> }>>(make: () => Promise<H>, run: (harness: H) => Promise<void>) =>
  async (): Promise<void> => {
    const harness = await make();
    try {
      await run(harness);
    } finally {
      await harness.end();
    }
  };

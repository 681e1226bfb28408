/**
 * Creates a bounded queue between writers that may wait and one reader. `push` resolves when there is space; after
 * `close` it returns false.
 */
export function channel<T>(capacity: number) {
  const items: T[] = [];
  const state = { closed: false };
  let wakeReader: (() => void) | undefined;
  let wakeWriters: (() => void)[] = [];
  const wake = (): void => {
    wakeReader?.();
    wakeReader = undefined;
    const writers = wakeWriters;
    wakeWriters = [];
    for (const writer of writers) writer();
  };
  return {
    async push(item: T): Promise<boolean> {
      while (!state.closed && items.length >= capacity)
        await new Promise<void>((resolve) => {
          wakeWriters.push(resolve);
        });
      if (state.closed) return false;
      items.push(item);
      wakeReader?.();
      wakeReader = undefined;
      return true;
    },
    /** Closes the queue. Earlier items are still delivered. */
    close(): void {
      state.closed = true;
      wake();
    },
    async *read(): AsyncGenerator<T> {
      for (;;) {
        while (items.length > 0) {
          const [item] = items.splice(0, 1);
          for (const writer of wakeWriters.splice(0)) writer();
          if (item !== undefined) yield item;
        }
        if (state.closed) return;
        await new Promise<void>((resolve) => {
          wakeReader = resolve;
        });
      }
    },
  };
}

export type Channel<T> = ReturnType<typeof channel<T>>;

/** A list of what happens, which can be awaited instead of slept for. */
export type Journal<T> = {
  readonly items: readonly T[];
  readonly note: (item: T) => void;
  /** Ends as soon as so many things have happened, and returns them. */
  until(count: number): Promise<readonly T[]>;
  /** Ends as soon as something that fits has happened, and returns it. */
  find(fits: (item: T) => boolean): Promise<T>;
};

export function journal<T>(): Journal<T> {
  const items: T[] = [];
  const waiting = new Set<() => void>();
  const when = <R>(ask: () => R | undefined): Promise<R> =>
    new Promise((resolve) => {
      const look = (): void => {
        const found = ask();
        if (found === undefined) return;
        waiting.delete(look);
        resolve(found);
      };
      waiting.add(look);
      look();
    });
  return {
    items,
    note: (item) => {
      items.push(item);
      for (const look of [...waiting]) look();
    },
    until: (count) => when(() => (items.length >= count ? items : undefined)),
    find: (fits) => when(() => items.find(fits)),
  };
}

/** Ends when everything that is ready to run has run; nothing that waits for a timer or a socket has. */
export async function turn(times = 3): Promise<void> {
  for (let left = times; left > 0; left -= 1) await new Promise((resolve) => setImmediate(resolve));
}

import { createSubscriber } from 'svelte/reactivity';

let source = (): number => Date.now();

/** The present, in milliseconds since the Unix epoch. */
export const now = (): number => source();

/** Lets a story play at its own time. */
export function setClock(clock: () => number): void {
  source = clock;
}

/** The present as a value that changes: what reads `now` in a template or an effect runs again at every beat, and nothing beats unread. */
class Beat {
  #subscribe: () => void;

  constructor(milliseconds: number) {
    this.#subscribe = createSubscriber((update) => {
      const timer = setInterval(update, milliseconds);
      return () => clearInterval(timer);
    });
  }

  get now(): number {
    this.#subscribe();
    return source();
  }
}

/** For countdowns. */
export const everySecond = new Beat(1000);
/** For "3 minutes ago". */
export const everyHalfMinute = new Beat(30_000);

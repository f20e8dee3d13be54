import { createSubscriber } from 'svelte/reactivity';

let source = (): number => Date.now();

/** The present, in milliseconds since the Unix epoch. */
export const now = (): number => source();

/** Lets a story play at its own time. */
export function setClock(clock: () => number): void {
  source = clock;
}

/**
 * The present as a value that changes: what reads `now` in a template or an effect runs again at every beat. Nothing beats unread, or while the
 * window can't be seen.
 */
class Beat {
  #subscribe: () => void;

  constructor(milliseconds: number) {
    this.#subscribe = createSubscriber((update) => {
      let timer: ReturnType<typeof setInterval> | undefined;
      const beat = () => {
        clearInterval(timer);
        timer = document.hidden ? undefined : setInterval(update, milliseconds);
      };
      const seen = () => {
        beat();
        if (!document.hidden) update();
      };
      beat();
      document.addEventListener('visibilitychange', seen);
      return () => {
        clearInterval(timer);
        document.removeEventListener('visibilitychange', seen);
      };
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
export const everyMinute = new Beat(60_000);

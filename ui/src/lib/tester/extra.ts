import type { TesterOrder, TesterView } from '../bindings';
import type { Extra } from '../extra';
import TesterButton from './TesterButton.svelte';
import TesterPage from './TesterPage.svelte';

/** What the program does for the tester's panel, in builds that have it. Both reject with a `Problem`, and outside of the sandbox always. */
export interface TesterCommands {
  /** What the sandbox offers and is about to do. */
  tester(): Promise<TesterView>;
  /** Has the sandbox do something. */
  tester_order(order: TesterOrder): Promise<TesterView>;
}

/** The tester's panel, as the sandbox's extra page. */
export function tester(commands: TesterCommands): Extra {
  return { Button: TesterButton, Page: TesterPage, commands };
}

import type { Component } from 'svelte';
import type { TesterCommands } from './tester/extra';

/** A page that only some builds have, in the sandbox alone, and the way to it. A release has none: nothing of it is in its bundle. */
export interface Extra {
  /** On the sandbox's banner. */
  Button: Component;
  Page: Component<{ commands: TesterCommands }>;
  commands: TesterCommands;
}

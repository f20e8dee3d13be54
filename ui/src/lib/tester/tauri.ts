import { invoke } from '@tauri-apps/api/core';
import { tester, type TesterCommands } from './extra';

const commands: TesterCommands = {
  tester: () => invoke('tester'),
  tester_order: (order) => invoke('tester_order', { order }),
};

/** The tester's panel of the desktop program. */
export const extra = tester(commands);

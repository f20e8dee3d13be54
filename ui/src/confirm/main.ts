import { Channel, invoke } from '@tauri-apps/api/core';
import type { ConfirmationView } from '../lib/bindings';
import { start } from './start';

await start({
  confirmation: (listener) => invoke('confirmation', { views: new Channel<ConfirmationView | null>(listener) }),
  answer: (number, allow, pin) => invoke('answer_confirmation', { number, allow, pin }),
});

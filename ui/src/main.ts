import { tauri } from './lib/backend/tauri';
import { start } from './start';

// A release is built without that mode, and then nothing of the tester's panel is in its bundle.
const extra = import.meta.env.MODE === 'tester' ? (await import('./lib/tester/tauri')).extra : null;
await start(tauri, extra);

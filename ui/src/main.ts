import { tauri } from './lib/backend/tauri';
import { start } from './start';

await start(tauri);

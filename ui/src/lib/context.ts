import { createContext } from 'svelte';
import type { App } from './app.svelte';

/** The window's state, for every component. */
export const [useApp, provideApp] = createContext<App>();

import { en, type Texts } from './en';

/** The window's words. One language so far. */
export const t: Texts = en;

// Which language the window speaks: what a text and a date look like follows from it.
import type { Language } from './bindings';

/** A language as far as its writing goes. */
export interface Writing {
  /** How dates, numbers and money are written: a tag for `Intl`. English is Nigeria's, as most of the money is. */
  locale: string;
  direction: 'ltr' | 'rtl';
}

const writings: Record<string, Writing> = {
  en: { locale: 'en-NG', direction: 'ltr' },
  fr: { locale: 'fr', direction: 'ltr' },
} satisfies Record<Language, Writing>;

let spoken: string = $state('en');

/** The tag of the language that is spoken. */
export const tag = (): string => spoken;

/** The tag by which `Intl` writes dates, numbers and money. */
export const locale = (): string => writings[spoken]?.locale ?? 'en-NG';

/** Speaks this language from now on, at once: everything on the screen follows. */
export function speak(language: Language): void {
  const root = document.documentElement;
  spoken = root.lang = language;
  root.dir = writings[language]?.direction ?? 'ltr';
}

/** Another language, for tests of the window. */
export function addWriting(language: string, writing: Writing): void {
  writings[language] = writing;
}

/** The language of the web view, while the program hasn't told which one it speaks. */
export const guessed = (): Language => (navigator.language.toLowerCase().startsWith('fr') ? 'fr' : 'en');

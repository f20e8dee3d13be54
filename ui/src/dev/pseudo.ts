import { addWriting } from '../lib/language.svelte';
import { add } from '../lib/text';
import { en, type Texts } from '../lib/text/en';

// Two made-up languages for tests and for people who work on the window: English whose every text stands in brackets, longer and with other
// letters. What is on the screen outside the brackets didn't come from the catalogue; what is cut off would be cut off in a real language.
// In no bundle of the program.

/** Accented, and about 40 % longer. */
export const ACCENTED = 'en-XA';
/** Runs from right to left, in Arabic letters. */
export const RIGHT_TO_LEFT = 'en-XB';

const LATIN = 'abcdefghijklmnopqrstuvwxyz';
const MARKED = 'áƀçđéƒğĥíĵķłɱñóþɋřšŧúṽŵẋýž';
const ARABIC = 'ابتدهفجحيخكلمنوپقرسطعڤشصيز';

const accented = (letter: string): string => {
  const marked = [...MARKED][LATIN.indexOf(letter.toLowerCase())] ?? letter;
  const shown = letter === letter.toLowerCase() ? marked : marked.toUpperCase();
  // A vowel twice: words grow with their sentence.
  return 'aeiou'.includes(letter.toLowerCase()) ? shown + marked : shown;
};
const arabic = (letter: string): string => {
  const other = [...ARABIC][LATIN.indexOf(letter.toLowerCase())] ?? letter;
  return 'aeiou'.includes(letter.toLowerCase()) ? other + other : other;
};

type Letters = (letter: string) => string;

/** A text with what it was given left as it is: names, amounts, other texts. */
export function dress(text: string, given: string[], letters: Letters): string {
  const parts = given.filter((part) => part !== '' && text.includes(part)).sort((a, b) => b.length - a.length);
  const [first] = parts;
  const dressed = (words: string): string => words.replaceAll(/[a-z]/gi, letters);
  const walk = (words: string, [part, ...rest]: string[]): string => (part === undefined ? dressed(words) : words.split(part).map((words) => walk(words, rest)).join(part));
  return text === '' ? '' : `⟦${first === undefined ? dressed(text) : walk(text, parts)}⟧`;
}

const strings = (value: unknown): string[] => (typeof value === 'string' ? [value] : typeof value === 'number' ? [String(value)] : Array.isArray(value) ? value.flatMap(strings) : []);

/** Every text of a catalogue, dressed. */
export function pseudo<Value>(value: Value, letters: Letters): Value {
  const walk = (value: unknown, key: string): unknown => {
    if (typeof value === 'string') return key === 'wayOut' ? value : dress(value, [], letters);
    if (typeof value === 'function') {
      const made = value as (...given: unknown[]) => unknown;
      return (...given: unknown[]) => {
        const text = made(...given);
        return typeof text === 'string' ? dress(text, given.flatMap(strings), letters) : walk(text, key);
      };
    }
    if (Array.isArray(value)) return value.map((entry) => walk(entry, key));
    if (typeof value === 'object' && value !== null) return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, walk(entry, key)]));
    return value;
  };
  return walk(value, '') as Value;
}

/** For any catalogue of the shape of `english`. */
export function addTo<Catalogue extends object>(add: (language: string, texts: Catalogue) => void, english: Catalogue): void {
  add(ACCENTED, pseudo(english, accented));
  add(RIGHT_TO_LEFT, pseudo(english, arabic));
}

/** Makes the two known. Dates and numbers are written as in languages of other letters, so that those which no locale wrote show, too. */
export function addWritings(): void {
  addWriting(ACCENTED, { locale: 'el-u-nu-latn', direction: 'ltr' });
  addWriting(RIGHT_TO_LEFT, { locale: 'ar-u-nu-latn', direction: 'rtl' });
}

export function addPseudo(): void {
  addWritings();
  addTo<Texts>(add, en);
}

// Text that comes from elsewhere: names, email addresses, narrations. It is only ever text, and can't reorder or stretch what stands around it.

// Controls, and the marks that steer writing direction: an unbalanced one would reach beyond its own text.
const STEERING = /[\u0000-\u001F\u007F-\u009F\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/g;

/** Without control characters and direction marks. */
export const clean = (text: string): string => text.replace(STEERING, ' ').replace(/\s+/g, ' ').trim();

/** At most `length` characters as a person counts them. */
export function shorten(text: string, length = 48): string {
  // No text has more characters than code units.
  if (text.length <= length) return text;
  // Segmenting is linear, but names of kilobytes exist.
  const graphemes = [...new Intl.Segmenter().segment(text.slice(0, length * 8))];
  if (graphemes.length <= length && text.length <= length * 8) return text;
  return `${graphemes.slice(0, length - 1).map((part) => part.segment).join('')}…`;
}

/** For the inside of a sentence: clean and set apart (Unicode isolates), so that its direction is its own. */
export const apart = (text: string): string => `\u2068${clean(text)}\u2069`;

/** As `apart`, and short. */
export const isolate = (text: string): string => apart(shorten(clean(text)));

/** A long word, such as an address on a chain, by its two ends: those are what people compare. */
export function ends(text: string): string {
  const word = clean(text);
  return word.length > 24 && !word.includes(' ') ? `${word.slice(0, 10)}…${word.slice(-8)}` : word;
}

/** A word of Monei's, such as `under_review`, to read. */
export function worded(text: string): string {
  const words = clean(text).replaceAll('_', ' ');
  return words.charAt(0).toLocaleUpperCase() + words.slice(1);
}

/** One or two initials; empty when there is no letter. */
export function initials(text: string): string {
  const words = clean(text).split(' ').map((word) => /\p{L}/u.exec(word)?.[0]).filter((letter) => letter !== undefined);
  return [words[0], words.length > 1 ? words.at(-1) : undefined].join('').toLocaleUpperCase();
}

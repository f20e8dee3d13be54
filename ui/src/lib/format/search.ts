import { clean } from './foreign';

// Letters that Unicode doesn't take apart into a plain letter and an accent: those of Hausa and other languages, which many keyboards lack.
const LETTERS: Record<string, string> = { ɓ: 'b', ɗ: 'd', ƙ: 'k', ƴ: 'y', đ: 'd', ł: 'l', ø: 'o', ı: 'i', ŋ: 'n', ɛ: 'e', ɔ: 'o', œ: 'oe', æ: 'ae', ß: 'ss', '’': "'", '‘': "'", ʼ: "'", ʻ: "'" };
const SPECIAL = new RegExp(`[${Object.keys(LETTERS).join('')}]`, 'gu');

/** A name as it is searched by: in lower case and without what a person may leave off, such as accents and the hook of `ɗ`. */
export const plain = (text: string): string =>
  clean(text)
    // The locale's own rules would make another letter of a Turkish `I`.
    .toLowerCase()
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(SPECIAL, (letter) => LETTERS[letter] ?? letter);

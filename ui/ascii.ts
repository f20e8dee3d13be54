import type { Plugin } from 'vite';

const escaped = (letter: string): string => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`;

/**
 * Writes scripts in ASCII alone, other letters as `\u2019`. WebKit keeps a script that has any letter beyond Latin-1 with two bytes for each of its letters, which is slower
 * to read and twice as large. Such letters stand in texts alone, where this means the same.
 */
export function ascii(): Plugin {
  return {
    name: 'ascii',
    generateBundle(_options, bundle) {
      for (const file of Object.values(bundle)) {
        if (file.type === 'chunk') file.code = file.code.replaceAll(/[^\x00-\x7f]/g, escaped);
      }
    },
  };
}

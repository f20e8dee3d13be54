/** What keeps a text from being the address of a connection service. */
export type AddressFault = 'https' | 'host' | 'rest';

const HERE = new Set(['127.0.0.1', 'localhost', '[::1]']);

/** What is wrong with an address so far; nothing while it may still become one. The program decides by the same rules (`parse_address`). */
export function addressFault(text: string): AddressFault | null {
  const typed = text.trim();
  if (['https://', 'http://'].some((beginning) => beginning.startsWith(typed.toLowerCase()))) return null;
  if (!/^https?:\/\//i.test(typed)) return 'https';
  // Not every browser refuses a space in a name.
  if (/\s/.test(typed)) return 'host';
  let url: URL;
  try {
    url = new URL(typed);
  } catch {
    return 'host';
  }
  if (url.protocol !== 'https:' && !HERE.has(url.hostname)) return 'https';
  if (url.username !== '' || url.password !== '' || url.pathname !== '/' || /[?#]/.test(typed)) return 'rest';
  return null;
}

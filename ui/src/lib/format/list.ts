import { LOCALE } from './locale';

const conjunction = new Intl.ListFormat(LOCALE, { type: 'conjunction' });

/** `a, b and c` */
export const formatList = (items: string[]): string => conjunction.format(items);

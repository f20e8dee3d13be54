import { catalogue } from '../../lib/text/catalogue';
import { en, type Texts } from './en';
import { fr } from './fr';

/** The words of the window for confirming a payment, in the language that is spoken. */
export const { t, add } = catalogue<Texts>({ en: () => en, fr });

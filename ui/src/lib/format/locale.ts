/** How numbers and dates are written. The texts are English; the money is mostly Nigerian. */
export const LOCALE = 'en-NG';

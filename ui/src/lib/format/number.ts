import { locale } from '../language.svelte';

/** Made when it is first used, for each locale: each costs the start some milliseconds. */
export function perLocale<Format>(make: (locale: string) => Format): () => Format {
  const made = new Map<string, Format>();
  return () => {
    const wanted = locale();
    let format = made.get(wanted);
    if (format === undefined) made.set(wanted, (format = make(wanted)));
    return format;
  };
}

const whole = perLocale((locale) => new Intl.NumberFormat(locale));

/** `1,805` */
export const formatCount = (count: number | bigint): string => whole().format(count);

const megabytes = perLocale((locale) => new Intl.NumberFormat(locale, { style: 'unit', unit: 'megabyte', maximumFractionDigits: 1 }));

/** `12.4 MB` of so many bytes. */
export const formatSize = (bytes: number): string => megabytes().format(bytes / 1_000_000);

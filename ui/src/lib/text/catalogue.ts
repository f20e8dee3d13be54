import type { Language } from '../bindings';
import { tag } from '../language.svelte';

/** The texts of the language that is spoken, and how to add those of another. Those of a language are made when it is first spoken. */
export function catalogue<Texts extends object>(makers: Record<Language, () => Texts>): { t: Texts; add: (language: string, texts: Texts) => void } {
  const known: Record<string, () => Texts> = { ...makers };
  const made: Record<string, Texts> = {};
  const texts = (): Texts => (made[tag()] ??= (known[tag()] ?? makers.en)());
  // Each look-up reads the language: whatever shows a text changes with it.
  const t = new Proxy({} as Texts, { get: (_, key) => Reflect.get(texts(), key) });
  return { t, add: (language, texts) => (known[language] = () => texts) };
}

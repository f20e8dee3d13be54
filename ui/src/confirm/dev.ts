import { theme, wish } from '../dev/look';
import { addTo, addWritings } from '../dev/pseudo';
import type { ConfirmationView, Language } from '../lib/bindings';
import { start } from './start';
import { add } from './text';
import { en } from './text/en';
import { confirmations } from './variants';

addWritings();
addTo(add, en);

// The window for confirming a payment without the program: confirm-dev.html?variant=<name>&language=<tag>, and how it is looked at (`../dev/look.ts`).

const parameters = new URLSearchParams(location.search);
const named = (name: string): ConfirmationView | null => {
  const view = confirmations[name] ?? null;
  return view && { ...view, language: (parameters.get('language') ?? 'en') as Language, theme: theme(parameters) ?? view.theme };
};

const answers: unknown[][] = [];
Object.assign(window, { answers, names: Object.keys(confirmations) });
const wanted = named(parameters.get('variant') ?? 'send');
await start({
  confirmation: (listener) => {
    Object.assign(window, { show: (name: string) => listener(named(name)) });
    listener(wanted);
    return Promise.resolve();
  },
  answer: (...answer) => {
    answers.push(answer);
    return Promise.resolve();
  },
});
wish(parameters);

import { tick } from 'svelte';
import type { App } from '../lib/app.svelte';
import { Memory, fitsFilter } from '../lib/backend/memory';
import type { AppView, Language } from '../lib/bindings';
import { setClock } from '../lib/clock';
import { tester } from '../lib/tester/extra';
import { start } from '../start';
import { theme, wish } from './look';
import { addPseudo } from './pseudo';
import { screenOf } from './screens';
import { stories, storyNamed } from './stories';
import { variants, type Variant } from './variants';

// The window without the program, for people who work on it and for the tests:
//   dev.html?story=<name>&step=<number>   a recorded story, from a step on; `stage.advance()` in the console plays what happens elsewhere
//   dev.html?variant=<name>               a state built from the recordings; `stage.names` lists them
//   …&language=<tag>                      en, fr, or a made-up one: en-XA (accented and longer), en-XB (from right to left)
//   …&theme=dark&contrast=more&motion=reduce&text=200   how it is looked at (look.ts)

/** What tests and the console can reach. */
export interface DevStage {
  app: App;
  memory: Memory;
  names: string[];
  /** The screen that each of them is of. */
  screens: Record<string, string>;
  advance: () => Promise<string>;
  show: (variant: string) => Promise<void>;
  /** The story's present. */
  now: number;
  /** The desktop speaks another language from now on. */
  speak: (language: string) => void;
  /** Stops the clock at another time. */
  setNow: (at: number) => void;
}

const parameters = new URLSearchParams(location.search);
const story = storyNamed(parameters.get('story') ?? 'first-connection');

const memory = new Memory(story, { pace: Number(parameters.get('pace') ?? 400) });
memory.seek(Number(parameters.get('step') ?? 0));

const begun = performance.now();
setClock(() => story.now + performance.now() - begun);

addPseudo();
/** Only what `bindings.ts` lists is a language of the program; the made-up ones are the tests'. */
const desktop = (language: string) => {
  memory.desktop = language as Language;
  if (app) memory.show(app.view);
};
memory.desktop = (parameters.get('language') ?? 'en') as Language;
const app = await start(memory, tester(memory));
wish(parameters);
if (!app) throw new Error('the window did not start');

const known: Record<string, Variant> = variants(story, stories);
const answer = memory.sections;
const partAnswer = memory.parts;
const activity = memory.activity.bind(memory);
const unused = memory.permission;
const nothing = memory.history;
const noApps = memory.apps;

const chosen = theme(parameters);
const asLooked = (view: AppView): AppView => (chosen === null ? view : { ...view, preferences: { ...view.preferences, theme: chosen } });

async function show(name: string): Promise<void> {
  const variant = known[name];
  if (!variant || !app) throw new Error(`no variant "${name}"`);
  // Through an empty window, so that nothing of the state before stays.
  app.dialog = null;
  await tick();
  app.go({ kind: 'home' });
  memory.show({ ...asLooked(variant.view), accounts: [], transaction: null });
  await tick();
  setClock(() => story.now);
  memory.sections = variant.sections ?? answer;
  memory.parts = variant.parts ?? partAnswer;
  memory.activity = variant.activity ? (filter) => Promise.resolve((variant.activity ?? []).filter((item) => fitsFilter(item, filter))) : activity;
  const { permission, history } = variant;
  memory.history = history ?? nothing;
  memory.permission = permission ? () => Promise.resolve(permission) : unused;
  app.checks = variant.checks ?? null;
  memory.testing = variant.testing ?? null;
  memory.showApps(variant.apps ?? noApps);
  const { reviews = [] } = variant;
  memory.reviews = () => (Array.isArray(reviews) ? Promise.resolve(reviews) : Promise.reject(reviews));
  memory.receipts = () => Promise.resolve(variant.receipts ?? []);
  memory.around = variant.around ?? { tray: true, notifications: true, starts_at_login: false };
  memory.licences = () => Promise.resolve(variant.licences ?? null);
  memory.show(asLooked(variant.view));
  app.go(variant.page);
  await app.look();
  await tick();
  app.dialog = variant.dialog?.(app) ?? null;
  await tick();
}

const stage: DevStage = { app, memory, names: Object.keys(known), screens: Object.fromEntries(Object.entries(known).map(([name, variant]) => [name, screenOf(variant)])), advance: () => memory.advance(), show, now: story.now, speak: (language) => desktop(language), setNow: (at) => setClock(() => at) };
Object.assign(window, { stage });

const variant = parameters.get('variant');
if (variant) await show(variant);

import { SvelteMap } from 'svelte/reactivity';
import { asProblem, type Backend } from './backend/backend';
import type { Problem, Section, SectionView } from './bindings';
import { now } from './clock';

/** What is known of a section. */
export type Loaded =
  | { state: 'loading' }
  | { state: 'ready'; view: SectionView; at: number }
  | { state: 'error'; problem: Problem };

/** How long an answer is shown without asking anew, when its account is opened again. */
const FRESH_MS = 60_000;

const LOADING: Loaded = { state: 'loading' };

/** What was fetched from Monei, in memory only, and gone with its account. */
export class Sections {
  #backend: Backend;
  #loaded = new SvelteMap<string, Loaded>();
  #running = new Set<string>();

  constructor(backend: Backend) {
    this.#backend = backend;
  }

  get(account: string, section: Section): Loaded {
    return this.#loaded.get(key(account, section)) ?? LOADING;
  }

  /** Fetches what isn't here, failed, or is old. */
  async ensure(account: string, section: Section): Promise<void> {
    const known = this.get(account, section);
    if (known.state === 'ready' && now() - known.at < FRESH_MS) return;
    await this.load(account, section);
  }

  /** Fetches anew. What is there stays on the screen until the answer comes. */
  async load(account: string, section: Section): Promise<void> {
    const id = key(account, section);
    if (this.#running.has(id)) return;
    this.#running.add(id);
    if (this.get(account, section).state !== 'ready') this.#loaded.set(id, LOADING);
    try {
      const view = await this.#backend.load(account, section);
      this.#loaded.set(id, { state: 'ready', view, at: now() });
    } catch (thrown) {
      this.#loaded.set(id, { state: 'error', problem: asProblem(thrown) });
    } finally {
      this.#running.delete(id);
    }
  }

  /** Forgets the accounts that aren't among `accounts`. */
  keep(accounts: string[]): void {
    const present = new Set(accounts);
    for (const id of this.#loaded.keys()) {
      if (!present.has(id.slice(id.indexOf(' ') + 1))) this.#loaded.delete(id);
    }
  }
}

const key = (account: string, section: Section): string => `${section} ${account}`;

import { SvelteMap } from 'svelte/reactivity';
import { asProblem, type Backend } from './backend/backend';
import type { Problem, ProblemCode, Section, SectionView } from './bindings';
import { now } from './clock';

/** What is known of a section. */
export type Loaded =
  | { state: 'loading' }
  | { state: 'ready'; view: SectionView; at: number }
  /** It couldn't be fetched anew, for a reason that passes: what was there is shown with its age. In memory alone, as all of these. */
  | { state: 'stale'; view: SectionView; at: number; problem: Problem }
  | { state: 'error'; problem: Problem };

/** How long an answer is shown without asking anew, when its account is opened again. */
const FRESH_MS = 60_000;

/** Reasons that say nothing of the connection. After any other one what was there may not be the person's to see any more. */
const PASSES = new Set<ProblemCode>([
  'offline',
  'address_unknown',
  'network_intercepted',
  'proxy_refused',
  'proxy_password',
  'proxy_unreachable',
  'backend_unreachable',
  'backend_certificate',
  'service_unavailable',
  'provider_unavailable',
  'busy',
]);

const LOADING: Loaded = { state: 'loading' };

/** What was fetched from Monei, in memory only, and gone with its account. */
export class Sections {
  #backend: Backend;
  #loaded = new SvelteMap<string, Loaded>();
  /** Fetches under way; one that is no longer here has nobody to answer. */
  #running = new Map<string, symbol>();

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
    const run = Symbol(id);
    this.#running.set(id, run);
    const before = this.get(account, section);
    const known = before.state === 'ready' || before.state === 'stale' ? before : null;
    if (known === null) this.#loaded.set(id, LOADING);
    const answer: Loaded = await this.#backend.load(account, section).then(
      (view) => ({ state: 'ready', view, at: now() }),
      (thrown: unknown) => {
        const problem = asProblem(thrown);
        return known && PASSES.has(problem.code) ? { state: 'stale', view: known.view, at: known.at, problem } : { state: 'error', problem };
      },
    );
    if (this.#running.get(id) !== run) return;
    this.#running.delete(id);
    this.#loaded.set(id, answer);
  }

  /** Forgets the accounts that aren't among `accounts`. */
  keep(accounts: string[]): void {
    const present = new Set(accounts);
    for (const known of [this.#loaded, this.#running]) {
      for (const id of known.keys()) {
        if (!present.has(id.slice(id.indexOf(' ') + 1))) known.delete(id);
      }
    }
  }
}

const key = (account: string, section: Section): string => `${section} ${account}`;

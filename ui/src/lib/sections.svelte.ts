import { SvelteMap } from 'svelte/reactivity';
import { asProblem, type Backend } from './backend/backend';
import type { Problem, ProblemCode, Section, SectionView, WalletPart, WalletPartView } from './bindings';
import { now } from './clock';

/** What is fetched by one question: a section of an account, or a part of its wallet. */
export type Asked = Section | WalletPart;

/** What the answer holds. */
export type Answer<A extends Asked> = A extends Section ? Extract<SectionView, { section: A }> : A extends { part: infer P } ? Extract<WalletPartView, { part: P }> : never;

/** What is known of it. */
export type Loaded<View = SectionView | WalletPartView> =
  | { state: 'loading' }
  | { state: 'ready'; view: View; at: number }
  /** It couldn't be fetched anew, for a reason that passes: what was there is shown with its age. In memory alone, as all of these. */
  | { state: 'stale'; view: View; at: number; problem: Problem }
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

const LOADING = { state: 'loading' } as const;

/** What was fetched from Monei, in memory only, and gone with its account. */
export class Sections {
  #backend: Backend;
  #loaded = new SvelteMap<string, Loaded>();
  /** Fetches under way; one that is no longer here has nobody to answer. */
  #running = new Map<string, symbol>();

  constructor(backend: Backend) {
    this.#backend = backend;
  }

  get<A extends Asked>(account: string, asked: A): Loaded<Answer<A>> {
    // Under its key lies only what was asked for.
    return (this.#loaded.get(key(account, asked)) ?? LOADING) as Loaded<Answer<A>>;
  }

  /** Fetches what isn't here, failed, or is old. */
  async ensure(account: string, asked: Asked): Promise<void> {
    const known: Loaded = this.get(account, asked);
    if (known.state === 'ready' && now() - known.at < FRESH_MS) return;
    await this.load(account, asked);
  }

  /** Fetches anew. What is there stays on the screen until the answer comes. */
  async load(account: string, asked: Asked): Promise<void> {
    const id = key(account, asked);
    if (this.#running.has(id)) return;
    const run = Symbol(id);
    this.#running.set(id, run);
    const before: Loaded = this.get(account, asked);
    const known = before.state === 'ready' || before.state === 'stale' ? before : null;
    if (known === null) this.#loaded.set(id, LOADING);
    const question: Promise<SectionView | WalletPartView> = typeof asked === 'string' ? this.#backend.load(account, asked) : this.#backend.wallet_part(account, asked);
    const answer: Loaded = await question.then(
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
        if (!present.has(id.slice(0, id.indexOf(' ')))) known.delete(id);
      }
    }
  }
}

/** Accounts' handles have no spaces. */
const key = (account: string, asked: Asked): string => `${account} ${typeof asked === 'string' ? asked : JSON.stringify(asked)}`;

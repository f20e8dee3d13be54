import type { ActivityItem, AppView, SectionView, WalletPart, WalletPartView } from '../bindings';

/** A run of the program as the core's tests record it. */
export interface Story {
  name: string;
  /** Milliseconds since the Unix epoch at which the story plays. */
  now: number;
  steps: Step[];
  /** By account handle. */
  sections: Record<string, Partial<Record<SectionView['section'], SectionView>>>;
  /** By account handle. */
  parts: Record<string, { asked: WalletPart; answer: WalletPartView }[]>;
  activity: ActivityItem[];
}

/** Something that the window calls, or that happens elsewhere (in the browser, at Monei). */
export type Step = CallStep | OutsideStep;

export interface CallStep {
  call: string;
  args: Record<string, unknown>;
  result: unknown;
  states?: AppView[];
}

export interface OutsideStep {
  outside: string;
  states: AppView[];
}

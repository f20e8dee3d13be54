import type { BackendView } from './bindings';
import { isolate } from './format/foreign';
import { t } from './text';

// What a service calls itself is its own claim. These words always name the address with it, and never say that anybody runs it.

/** What the service says of itself, as a sentence. */
export function claim({ operator }: BackendView): string {
  if (operator === null) return t.service.claimsUnknown;
  if (operator.poses_as_monei) return t.service.claimsMonei;
  return operator.name === null ? t.service.claimsNothing : t.service.claims(isolate(operator.name));
}

/** The service by its address, for the inside of a sentence; empty where no address is set. */
export function place({ address, on_this_computer }: BackendView): string {
  if (address === null) return '';
  return on_this_computer ? t.service.atHere(isolate(address)) : t.service.at(isolate(address));
}

/** What it said of itself when the person agreed to it. */
export const formerClaim = ({ formerly }: BackendView): string =>
  formerly?.name ? t.service.claimed(isolate(formerly.name)) : t.service.claimedOther;

/** Whether trusting it may stand out as the obvious thing to do. */
export const isProminent = ({ on_this_computer, operator }: BackendView): boolean => !on_this_computer && operator?.poses_as_monei !== true;

import type { FeatureGroup, FeatureId } from '../bindings';
import shared from './en-shared.json';

export interface FeatureText {
  title: string;
  /** What it lets this computer's apps do, as the end of "Lets this computer's apps …". */
  allows: string;
  /** Why somebody would want it. */
  why: string;
  /** What could happen at worst if it fell into the wrong hands. */
  worst: string;
}

/** From the catalogue that every front end shares: a feature or group without its words does not compile. */
export const features: Record<FeatureId, FeatureText> = shared.features;

export const groups: Record<FeatureGroup, { title: string; lead: string }> = shared.groups;

import type { ProblemCode, ProxySetting } from '../bindings';
import { en, type Texts } from './en';

/** The window's words. One language so far. */
export const t: Texts = en;

/** Why a problem came up; where a proxy is the trouble, where that was set too. */
export function cause({ code, proxy }: { code: ProblemCode; proxy?: ProxySetting | undefined }): string {
  const why = t.problems[code].cause;
  return proxy ? `${why} ${t.proxySet(proxy.variable, proxy.scheme)}` : why;
}

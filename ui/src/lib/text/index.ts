import type { MoneiCall, ProblemCode, ProxySetting } from '../bindings';
import { catalogue } from './catalogue';
import { en, type Texts } from './en';
import { fr } from './fr';

/** The window's words, in the language that is spoken. */
export const { t, add } = catalogue<Texts>({ en: () => en, fr });

/** Why a problem came up; where a proxy is the trouble, where that was set too. */
export function cause({ code, proxy }: { code: ProblemCode; proxy?: ProxySetting | undefined }): string {
  const why = t.problems[code].cause;
  return proxy ? `${why} ${t.proxySet(proxy.variable, proxy.scheme)}` : why;
}

/** What a recorded call was for; an older version may have known others. */
export const callWords = (call: string): string => (Object.hasOwn(t.permission.calls, call) ? t.permission.calls[call as MoneiCall] : t.permission.otherCall);

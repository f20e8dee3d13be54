/** What Monei takes as a reference in a path; the rule is `crates/monei/src/permission/path.rs`. */
const REFERENCE = /^[A-Za-z0-9_:.-]{1,128}$/;

/** The reference without spaces around it, or `null` where it can't be one. */
export function asReference(text: string | null): string | null {
  const reference = text?.trim() ?? '';
  return REFERENCE.test(reference) && reference !== '.' && reference !== '..' ? reference : null;
}

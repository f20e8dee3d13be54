// Whoever goes by keyboard sees what has the focus: wholly, and not behind a part of the page that stays where it is.

/** Room left around what is brought into view, in pixels. */
const ROOM = 8;

/** What must be seen with a control: its line of the list, where its words are. */
const unit = (control: Element): Element => control.closest('label') ?? control;

/** What of the window stays free of the parts that stick to an edge, for something inside of `scroller`. */
function free(scroller: Element, what: Element): { top: number; bottom: number } {
  const page = scroller === document.scrollingElement;
  const box = scroller.getBoundingClientRect();
  let top = page ? 0 : Math.max(0, box.top);
  let bottom = page ? innerHeight : Math.min(innerHeight, box.bottom);
  for (const part of document.querySelectorAll('[data-sticky]')) {
    if (part.contains(what) || getComputedStyle(part).position !== 'sticky') continue;
    const { top: upper, bottom: lower, height } = part.getBoundingClientRect();
    if (height === 0) continue;
    if (part.getAttribute('data-sticky') === 'top' && upper <= top + 1) top = Math.max(top, lower);
    else if (part.getAttribute('data-sticky') === 'bottom' && lower >= bottom - 1) bottom = Math.min(bottom, upper);
  }
  return { top, bottom };
}

function scrollerOf(what: Element): Element {
  for (let each = what.parentElement; each; each = each.parentElement) {
    if (each.scrollHeight > each.clientHeight && /auto|scroll/.test(getComputedStyle(each).overflowY)) return each;
  }
  return document.scrollingElement ?? document.documentElement;
}

/** By how much `control` has to be scrolled to be seen; 0 where it is. */
function hidden(control: Element, scroller: Element): number {
  const what = unit(control);
  const { top, bottom } = free(scroller, what);
  const box = what.getBoundingClientRect();
  if (box.top < top) return box.top - top - ROOM;
  if (box.bottom <= bottom) return 0;
  // What is taller than the place for it is shown from its top.
  return Math.min(box.bottom - bottom + ROOM, box.top - top);
}

/** Scrolls until `control` can be seen. True if it had to. */
function reveal(control: Element): boolean {
  const scroller = scrollerOf(control);
  const by = hidden(control, scroller);
  if (Math.abs(by) < 1) return false;
  scroller.scrollBy({ top: by, behavior: 'instant' });
  return true;
}

/** Brings what gets the focus by keyboard into view; and a box that is out of sight is shown by the first key press, not switched. */
export function followFocus(): () => void {
  const focused = (event: FocusEvent) => {
    const control = event.target;
    // After the browser has scrolled by its own rules.
    if (control instanceof HTMLElement && control.matches(':focus-visible')) requestAnimationFrame(() => document.activeElement === control && reveal(control));
  };
  const pressed = (event: KeyboardEvent) => {
    const control = event.target;
    if (event.key === ' ' && control instanceof HTMLInputElement && ['checkbox', 'radio'].includes(control.type) && reveal(control)) event.preventDefault();
  };
  document.addEventListener('focusin', focused);
  document.addEventListener('keydown', pressed, { capture: true });
  return () => {
    document.removeEventListener('focusin', focused);
    document.removeEventListener('keydown', pressed, { capture: true });
  };
}

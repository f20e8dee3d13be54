import type { Attachment } from 'svelte/attachments';

/** Calls `then` once a part of the element can be seen. */
export const whenSeen =
  (then: () => void): Attachment<Element> =>
  (element) => {
    const observer = new IntersectionObserver((entries) => {
      if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
      observer.disconnect();
      then();
    });
    observer.observe(element);
    return () => observer.disconnect();
  };

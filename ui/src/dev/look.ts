// How a state is looked at: `…&theme=dark&contrast=more&motion=reduce&text=200`. Tests and the gallery choose it by the address.

// `…&beside=true`: one of many on a page. What comes up in it may not take the focus from where somebody is typing.
if (new URLSearchParams(location.search).get('beside') === 'true') {
  HTMLElement.prototype.focus = () => undefined;
  const { showModal } = HTMLDialogElement.prototype;
  HTMLDialogElement.prototype.showModal = function () {
    this.inert = true;
    showModal.call(this);
    this.inert = false;
  };
}

/** The theme that the person has chosen in Settings; by itself as the desktop has it. */
export const theme = (parameters: URLSearchParams): 'light' | 'dark' | null => {
  const wanted = parameters.get('theme');
  return wanted === 'light' || wanted === 'dark' ? wanted : null;
};

/** Has the style sheets' own rules for a desktop's wish apply without the desktop. */
export function wish(parameters: URLSearchParams): void {
  const wishes = ['contrast', 'motion'].flatMap((name) => {
    const value = parameters.get(name);
    return value === 'more' || value === 'reduce' ? [name === 'motion' ? 'prefers-reduced-motion: reduce' : 'prefers-contrast: more'] : [];
  });
  const grant = (rules: CSSRuleList): void => {
    for (const rule of rules) {
      if (rule instanceof CSSMediaRule && wishes.some((each) => rule.media.mediaText.includes(each))) rule.media.mediaText = 'all';
      if (rule instanceof CSSGroupingRule) grant(rule.cssRules);
    }
  };
  for (const sheet of document.styleSheets) grant(sheet.cssRules);
  const text = Number(parameters.get('text') ?? 100);
  if (text !== 100) document.documentElement.style.fontSize = `${text}%`;
}

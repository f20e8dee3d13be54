/** The words of the command palette and of the sheet of shortcuts. */
export const keyboard = {
  palette: 'Go to or do',
  search: 'Page, account or action',
  found: (count: number) => (count === 1 ? '1 result' : `${count} results`),
  none: 'Nothing is called that',
  open: (name: string) => `Open ${name}`,
  all: (name: string) => `All transactions of ${name}`,
  receipts: (name: string) => `Receipts of ${name}`,
  refresh: (name: string) => `Refresh ${name}`,
  rename: (name: string) => `Rename ${name}…`,
  disconnect: (name: string) => `Disconnect ${name}…`,
  shortcuts: 'Keyboard shortcuts',
  /** Each with its keys. */
  keys: [
    ['Ctrl K', 'Go to a page or an account, or do something'],
    ['Ctrl /', 'This list; F1 does the same'],
    ['Ctrl ,', 'Settings'],
    ['Tab, Shift Tab', 'To the next or the previous control'],
    ['Arrows, Home, End', 'Move in the table of the overview; with Ctrl to its first and last account'],
    ['Alt ↑, Alt ↓', 'Move an account in the table of the overview'],
    ['Enter', 'Open what has the focus'],
    ['Esc', 'Close a dialog'],
  ] as [string, string][],
  /** The window's own, on Linux. */
  window: [
    ['Ctrl +, Ctrl −, Ctrl 0', 'Larger, smaller, as it was'],
    ['Ctrl W, Ctrl Q', 'Close the window, end the program'],
  ] as [string, string][],
};

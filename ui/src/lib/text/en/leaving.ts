/** The words of leaving this computer. */
export const leaving = {
  title: 'Leave this computer',
  lead: 'For a computer that you give away, or no longer trust.',
  points: [
    'Every connection ends at Monei, for every account and every app.',
    'Then everything that this program has stored here is deleted: approvals in the keychain, apps’ keys, settings, activity and log.',
    'Your Monei accounts and your money stay as they are.',
  ],
  start: 'Leave this computer…',
  working: 'One moment…',
  notYet: 'You have not left yet',
  notYetLead: 'What couldn’t be ended is still here, so that you can try again.',
  anyway: 'Leave anyway…',
  anywayLead: 'If you leave anyway, this program can’t end the rest any more. Only you can, in Monei’s settings, under “Connected apps”.',
  outcome: {
    ended: 'Monei confirmed that its access has ended.',
    removed: 'Deleted here. Monei didn’t confirm that its access has ended.',
    unconfirmed: 'Monei hasn’t confirmed that its access has ended.',
    unrevocable: 'What would be needed to end it at Monei isn’t in this keychain any more, or can’t be read.',
  },
  unassigned: (count: number) =>
    count === 1 ? 'One approval that you didn’t keep isn’t confirmed as ended.' : `${count} approvals that you didn’t keep aren’t confirmed as ended.`,
  left: 'You have left this computer',
  leftLead: 'Everything that this program had stored here is deleted. You can uninstall it now.',
  nothing: 'No account was connected.',
  todo: 'To do by hand',
  todoLead: 'Monei didn’t confirm everything, so end it there yourself:',
  close: 'Close the program',
};

import type { UpdateFailure, UpdateWay } from '../../bindings';

/** The words about new versions of this program. */
export const updates = {
  title: 'Updates',
  way: {
    system: 'Your system updates this program, together with its other software.',
    elsewhere: 'This copy does not come from a package that updates itself. Get new versions where you got it.',
    not_set: 'Whoever made this package set no address for updates. Get new versions where you got it.',
  } satisfies Record<Exclude<UpdateWay, 'own'>, string>,
  lead: 'Nothing is downloaded or installed before you say so. Only what the publisher has signed is used.',
  look: 'Look for a new version',
  looking: 'Looking for a new version…',
  current: 'This is the newest version.',
  available: (version: string) => `Version ${version} is there`,
  changed: 'What the publisher says has changed',
  install: (size: string) => `Download and install (${size})`,
  downloading: (version: string) => `Downloading version ${version}`,
  progress: (fetched: string, size: string) => `${fetched} of ${size}`,
  installed: (version: string) => `Version ${version} is in place. It is used from the next start on.`,
  end: 'End the program now',
  started: (version: string) => `The installer of version ${version} was started. This program ends now.`,
  daily: 'Look once a day',
  dailyLead: 'While the window is open. The update server then learns that this program runs here, and its version.',
  found: (version: string) => `Version ${version} of this program is there. What has changed is under Settings, Updates.`,
  failures: {
    unreachable: { title: 'The update server can’t be reached', advice: 'Check your connection, and try again later.' },
    unusable: { title: 'The update server answers something that can’t be used', advice: 'Nothing was changed. Try again tomorrow; if it stays so, tell the publisher.' },
    not_genuine: { title: 'The new version isn’t genuine', advice: 'Its signature is missing or isn’t the publisher’s, or it was damaged on its way. Nothing was changed. Try again later, don’t install it by other means, and if it stays so, tell the publisher.' },
    incomplete: { title: 'The download broke off', advice: 'What had come of it is removed. Try again.' },
    no_package: { title: 'There is a newer version, but not for this system', advice: 'Ask the publisher for one.' },
    no_room: { title: 'The disk is full', advice: 'Make room, and try again. Nothing was changed.' },
    not_writable: { title: 'The program’s file can’t be replaced', advice: 'It isn’t yours, or its folder can’t be written. Ask whoever put it there, or move it into your home folder and start it from there.' },
    moved: { title: 'The program’s file was moved or replaced', advice: 'End this program, start it from where it is now, and look again. Nothing was changed.' },
    not_started: { title: 'The installer can’t be started', advice: 'Nothing was changed. Something on this computer may forbid it: ask whoever looks after it.' },
  } satisfies Record<UpdateFailure, { title: string; advice: string }>,
};

import type { ProblemCode } from '../bindings';

/** What a person can do about a problem, beyond reading. */
export type WayOut = 'try_again' | 'probe' | 'reconnect' | 'settings' | 'monei_settings' | 'none';

export interface ProblemText {
  /** What happened, as a sentence without full stop. */
  title: string;
  /** Why. */
  cause: string;
  /** What to do. */
  advice: string;
  /** The button for it. */
  wayOut: WayOut;
}

/** One entry per code: a code without its sentence does not compile. */
export const problems: Record<ProblemCode, ProblemText> = {
  keychain_locked: {
    title: 'The keychain is locked',
    cause: 'Approvals are kept in your system’s keychain, and it hasn’t been unlocked in this session.',
    advice: 'Unlock it, usually with your login password, then try again.',
    wayOut: 'probe',
  },
  keychain_absent: {
    title: 'No keychain was found',
    cause: 'This system offers no place where approvals can be kept safely, and they are never kept anywhere else.',
    advice: 'Start or install a keychain (on Linux, GNOME Keyring or KWallet), then try again.',
    wayOut: 'probe',
  },
  keychain_refused: {
    title: 'The keychain refused',
    cause: 'Your system’s keychain didn’t let this program read or write its entry.',
    advice: 'Allow Monei Connections in the keychain’s settings, then try again.',
    wayOut: 'probe',
  },
  keychain_timeout: {
    title: 'The keychain didn’t answer',
    cause: 'Its own window may be waiting for you, perhaps behind this one.',
    advice: 'Look for a window that asks for a password, answer it, then try again.',
    wayOut: 'probe',
  },
  keychain_too_long: {
    title: 'The approval doesn’t fit into the keychain',
    cause: 'Monei’s answer is longer than what this system’s keychain can hold.',
    advice: 'Nothing was stored. An update of this program may help.',
    wayOut: 'none',
  },
  keychain_forgets: {
    title: 'This keychain keeps nothing',
    cause: 'What is stored in it can’t be seen by any other program, or is gone when you log out.',
    advice: 'Start or install the system’s own keychain (on Linux, GNOME Keyring or KWallet), then try again.',
    wayOut: 'probe',
  },
  record_unreadable: {
    title: 'A stored approval can’t be read',
    cause: 'Its entry in the keychain is damaged, or a newer version of this program wrote it.',
    advice: 'Update this program, or connect the account again.',
    wayOut: 'reconnect',
  },
  record_missing: {
    title: 'The stored approval is gone',
    cause: 'Its entry isn’t in the keychain any more: it was removed there, or another keychain is open.',
    advice: 'Open the keychain that had it, or connect the account again.',
    wayOut: 'reconnect',
  },
  index_unavailable: {
    title: 'This program’s data folder can’t be used',
    cause: 'The disk may be full, or the folder may be closed to you.',
    advice: 'Make room or open the folder, then try again.',
    wayOut: 'try_again',
  },
  index_newer: {
    title: 'A newer version of this program was used here',
    cause: 'It wrote this program’s data in a form that this version doesn’t know. Nothing was changed.',
    advice: 'Install the newer version again.',
    wayOut: 'none',
  },
  offline: {
    title: 'You’re offline',
    cause: 'This computer has no connection to the internet.',
    advice: 'Everything works again once it is back.',
    wayOut: 'try_again',
  },
  address_unknown: {
    title: 'There is no such address',
    cause: 'You’re connected to a network, but it doesn’t know the connection service’s address.',
    advice: 'Check the address in Settings for a typing mistake. Some addresses exist inside a company’s network or VPN only.',
    wayOut: 'settings',
  },
  network_intercepted: {
    title: 'Something on your network answered instead',
    cause: 'A sign-in page or a proxy came in between, as in hotels and at work. Your connections are untouched.',
    advice: 'Sign in to the network in your browser, then try again.',
    wayOut: 'try_again',
  },
  proxy_refused: {
    title: 'Your network’s proxy didn’t let this through',
    cause: 'This computer reaches the internet through a proxy, which refused or couldn’t reach the address. Your connections are untouched.',
    advice: 'Check the address in Settings, or ask whoever runs your network.',
    wayOut: 'try_again',
  },
  proxy_password: {
    title: 'Your network’s proxy wants a password',
    cause: 'This computer reaches the internet through a proxy that lets nobody pass without a user name and password. None is set, or they aren’t the right ones.',
    advice: 'Set them where the proxy is set, then try again. In a variable they stand before the address: http://name:password@proxy:port.',
    wayOut: 'try_again',
  },
  proxy_unreachable: {
    title: 'Your network’s proxy can’t be reached',
    cause: 'This computer is set up to reach the internet through a proxy, and that doesn’t answer. Your connections are untouched.',
    advice: 'You may be on another network than the one the proxy is for. Correct the proxy or turn it off where it is set, then try again.',
    wayOut: 'try_again',
  },
  proxy_setting: {
    title: 'The proxy that is set can’t be used',
    cause: 'Its address is malformed or of a kind that this program doesn’t know. Nothing was sent.',
    advice: 'Correct it where it is set. These kinds work: http, https, socks5h, socks5, socks4a and socks4.',
    wayOut: 'try_again',
  },
  backend_unreachable: {
    title: 'The connection service didn’t answer',
    cause: 'The service that approvals pass through can’t be reached at its address.',
    advice: 'Try again in a moment. If it stays so, ask who runs it; Settings says who that is.',
    wayOut: 'try_again',
  },
  backend_certificate: {
    title: 'Your network’s certificate isn’t trusted here',
    cause: 'In place of the connection service or Monei, something showed a certificate that this computer doesn’t know: your network’s own, or a false one. Nothing was sent to it.',
    advice: 'Try another network. At work, your network’s certificate must be installed in the system first.',
    wayOut: 'try_again',
  },
  certificates_missing: {
    title: 'This computer’s certificates can’t be read',
    cause: 'Without the system’s list of trusted certificates nobody can be told from an impostor, so nothing was sent.',
    advice: 'Install the system’s certificates (on Linux, the package ca-certificates), and see that SSL_CERT_FILE, if it is set, names a file that exists.',
    wayOut: 'try_again',
  },
  backend_environment: {
    title: 'The connection service is for another Monei',
    cause: 'It works with a different environment (sandbox, development or production) than this program.',
    advice: 'Set the address of a fitting service in Settings.',
    wayOut: 'settings',
  },
  backend_incompatible: {
    title: 'The address doesn’t lead to a fitting connection service',
    cause: 'What answers there speaks another version, or is something else altogether.',
    advice: 'Check the address in Settings, or update this program.',
    wayOut: 'settings',
  },
  backend_unconfirmed: {
    title: 'The connection service isn’t confirmed yet',
    cause: 'Its address was changed, and approvals pass through it only once you agree.',
    advice: 'See who runs it and confirm it in Settings.',
    wayOut: 'settings',
  },
  backend_address: {
    title: 'The address can’t be used',
    cause: 'It must begin with https:// (or point to this computer) and have no path.',
    advice: 'Correct the address in Settings.',
    wayOut: 'settings',
  },
  service_unavailable: {
    title: 'The connection service can’t work with Monei just now',
    cause: 'Monei doesn’t accept the service’s own registration. This is nothing that you did.',
    advice: 'Whoever runs the service must set it right. Try again later.',
    wayOut: 'try_again',
  },
  provider_unavailable: {
    title: 'Monei didn’t answer',
    cause: 'Monei can’t be reached, or has a fault of its own.',
    advice: 'Nothing is lost. Try again in a moment.',
    wayOut: 'try_again',
  },
  busy: {
    title: 'Monei is busy',
    cause: 'Monei takes a limited number of requests a minute.',
    advice: 'Wait a little, then try again.',
    wayOut: 'try_again',
  },
  browser_failed: {
    title: 'Your browser couldn’t be opened',
    cause: 'The system didn’t start a browser for the link.',
    advice: 'Copy the link and paste it into your browser yourself.',
    wayOut: 'try_again',
  },
  loopback_unavailable: {
    title: 'The way back from the browser is blocked',
    cause: 'This program couldn’t open an address on this computer for the browser’s answer.',
    advice: 'Choose “Through an app link” in Settings, then try again.',
    wayOut: 'settings',
  },
  deep_link_unavailable: {
    title: 'App links don’t come back to this program',
    cause: 'The system hands this program’s links to something else, or to nothing.',
    advice: 'Choose “Through this computer” in Settings, or install the program anew.',
    wayOut: 'settings',
  },
  declined: {
    title: 'You declined on Monei’s page',
    cause: 'Monei told us that nothing was allowed.',
    advice: 'Nothing changed here. You can ask again whenever you like.',
    wayOut: 'try_again',
  },
  nothing_granted: {
    title: 'Nothing was allowed',
    cause: 'Monei’s page was confirmed with every permission left off.',
    advice: 'Nothing changed here. Ask again and turn on what you want to allow.',
    wayOut: 'try_again',
  },
  timed_out: {
    title: 'The time ran out',
    cause: 'No answer came from the browser within ten minutes.',
    advice: 'Nothing changed here. Start again when you’re ready.',
    wayOut: 'try_again',
  },
  approval_expired: {
    title: 'The approval came too late',
    cause: 'It was too old or had been used already, so it wasn’t accepted.',
    advice: 'Nothing changed here. Start again.',
    wayOut: 'try_again',
  },
  approval_invalid: {
    title: 'The answer didn’t fit',
    cause: 'What came back didn’t match what this program asked for, so nothing was stored.',
    advice: 'Start again. If it happens twice, look at your connected apps in Monei’s settings.',
    wayOut: 'try_again',
  },
  request_refused: {
    title: 'Monei refused the request',
    cause: 'Monei doesn’t allow the connection service to ask for this.',
    advice: 'Ask for fewer features, or ask who runs the service.',
    wayOut: 'try_again',
  },
  access_revoked: {
    title: 'Access was taken back',
    cause: 'You removed this connection in Monei’s settings, or Monei ended it.',
    advice: 'Reconnect if you want to use it again.',
    wayOut: 'reconnect',
  },
  scope_missing: {
    title: 'This isn’t allowed yet',
    cause: 'The permission for it hasn’t been given, so Monei wasn’t asked.',
    advice: 'Ask for the feature on this page.',
    wayOut: 'none',
  },
  limit_reached: {
    title: 'Your verification tier doesn’t allow this',
    cause: 'You gave the permission, but Monei limits what your tier can do.',
    advice: 'Raise your tier in Monei’s settings.',
    wayOut: 'monei_settings',
  },
  answer_unreadable: {
    title: 'Monei’s answer couldn’t be understood',
    cause: 'Monei answered in a way that this version doesn’t know.',
    advice: 'Try again. If it stays so, an update of this program may help.',
    wayOut: 'try_again',
  },
  another_in_progress: {
    title: 'Another connection is being made',
    cause: 'Only one can be made at a time.',
    advice: 'Finish or cancel it first.',
    wayOut: 'none',
  },
  no_such_account: {
    title: 'This account isn’t here any more',
    cause: 'It was disconnected in the meantime.',
    advice: 'Choose another account on the left.',
    wayOut: 'none',
  },
  report_unsaved: {
    title: 'The report couldn’t be saved',
    cause: 'Your Downloads folder wasn’t found, or nothing can be written there.',
    advice: 'Copy the report instead.',
    wayOut: 'none',
  },
  invalid_input: {
    title: 'That can’t be done',
    cause: 'The program doesn’t accept this just now.',
    advice: 'Check what you entered, then try again.',
    wayOut: 'none',
  },
};

/** The words of the settings about tray, notifications and the start at login. */
export const desktop = {
  title: 'In the background',
  closeToTray: 'Keep running in the tray',
  closeToTrayLead:
    'Closing the window leaves an icon that says how your accounts are. Programs that you allowed can go on using them. Meanwhile an account is checked at most once an hour, and nothing is renewed for it. To end the program, choose “Quit” in the icon’s menu.',
  noTray: 'This desktop shows no tray icons, so closing the window ends the program.',
  startAtLogin: 'Start when I log in',
  startAtLoginLead: 'With “Keep running in the tray” on, no window opens; otherwise the window opens.',
  notifications: 'Notify me when I must act',
  notificationsLead:
    'When an access has ended, a payment or a program waits for your answer, or an account is worth another look. One notification at a time, without names and amounts, and only while no window of this program is in front.',
  noNotifications: 'This desktop shows no notifications.',
};

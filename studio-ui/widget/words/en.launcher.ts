/** What stands on the host's page. `count` chooses the plural. */
export const launcher = {
  open: 'Open chat: {title}',
  openNews: {
    one: 'Open chat: {title}, {count} new message',
    other: 'Open chat: {title}, {count} new messages',
  },
  close: 'Close chat',
  opening: 'Opening the chat …',
  unreachable: 'The chat can’t be reached right now. What you wrote before is kept.',
  tryAgain: 'Try again',
  leave: 'Close',
  newFrom: 'New message from {name}',
  dismiss: 'Hide this message',
};
export type LauncherWord = keyof typeof launcher;

/** What a visitor who left gets by email: the new messages and nothing else of the conversation. Pure. */
import { escapeHtml } from '#channels/email/mail.ts';
import type { ChatMail } from '#db/chat-mails.ts';
import { isMedia, plainText } from '#domain/message.ts';

export interface ChatMailWords {
  subject: string;
  text: string;
  html: string;
}

/** @param facts.answers whether an answer to the mail comes into the chat */
export function chatMailText(
  mail: Pick<ChatMail, 'messages'>,
  facts: { title: string; website: string | null; unsubscribeUrl: string; answers: boolean },
): ChatMailWords {
  const { title, website, unsubscribeUrl } = facts;
  const said = mail.messages.map(({ parts, authorName }) => ({
    who: nameOf(authorName),
    text: textOf(parts),
  }));
  const intro =
    said.length === 1
      ? 'You have a new answer in our chat:'
      : `You have ${said.length} new answers in our chat:`;
  const how = facts.answers
    ? 'Answer this mail, and your words arrive in the chat.'
    : website === null
      ? 'To answer, open the chat on our website.'
      : `To answer, open the chat: ${website}`;
  const leave = 'No more mails about this conversation:';
  const text = [
    intro,
    ...said.map(({ who, text: words }) => (who === null ? words : `${who}:\n${words}`)),
    how,
    `-- \n${title}\n${leave} ${unsubscribeUrl}`,
  ].join('\n\n');
  const html = [
    `<p>${escapeHtml(intro)}</p>`,
    ...said.map(
      ({ who, text: words }) =>
        `<blockquote style="margin:0 0 12px;padding:8px 14px;border-left:3px solid #ccd">${who === null ? '' : `<b>${escapeHtml(who)}</b><br>`}${lines(words)}</blockquote>`,
    ),
    `<p>${lines(how)}</p>`,
    `<p style="color:#667;font-size:13px">${escapeHtml(title)} · <a href="${escapeHtml(unsubscribeUrl)}">${escapeHtml(leave.slice(0, -1))}</a></p>`,
  ].join('\n');
  return {
    subject: `${title}: ${said.length === 1 ? 'a new answer' : `${said.length} new answers`}`,
    text,
    html,
  };
}

/** A name that is an address is a sign-in, not a name. */
function nameOf(authorName: string | null): string | null {
  return authorName === null || authorName.includes('@') ? null : authorName;
}

/** Files are named, not handed out: nobody has proved that the address is the visitor's. */
function textOf(parts: ChatMail['messages'][number]['parts']): string {
  const files = parts.filter((part) => isMedia(part)).map(({ name, kind }) => `[${name ?? kind}]`);
  const words = plainText(parts.filter((part) => !isMedia(part)));
  return [words, ...files].filter((line) => line !== '').join('\n');
}

function lines(text: string): string {
  return escapeHtml(text).replaceAll('\n', '<br>');
}

/** Whether a machine wrote a mail. People see it; flows don't answer it, or two machines would answer each other for ever. */
import type { EmailAddress, EmailPart } from '#domain/message.ts';
import { fieldOf } from './fields.ts';
import type { Mail } from './mail.ts';

/** What our own automatic answers carry, so that any installation of ours knows them. */
export const LOOP_HEADER = 'x-teloring-loop';

const outOfOffice =
  /^\s*((re|aw|sv|antw)\s*:\s*)?(out of (the )?office|auto(matic)?[ -]?(reply|response|answer)|automatische (antwort|beantwoording)|abwesenheit|nicht im büro|réponse automatique|absence du bureau|respuesta automática|fuera de la oficina|risposta automatica|fuori sede|resposta automática|fora do escritório|autosvar|automatiskt svar|automatisk svar|automaattinen vastaus|odpowiedź automatyczna|automatická odpověď|автоответ|автоматический ответ|自動応答|自动回复|자동 회신)/iu;

export function automaticOf(
  mail: Mail,
  known: { writer: EmailAddress; envelopeFrom?: string; ownAddresses: readonly string[] },
): EmailPart['automatic'] {
  const { headers } = mail;
  if (fieldOf(headers, LOOP_HEADER) !== '' || known.ownAddresses.includes(known.writer.address)) return 'own';
  if (isBounce(mail, known.envelopeFrom)) return 'bounce';
  const submitted = fieldOf(headers, 'auto-submitted').toLowerCase();
  const precedence = fieldOf(headers, 'precedence').toLowerCase().trim();
  if (
    ['list-id', 'list-post', 'list-unsubscribe'].some((name) => fieldOf(headers, name) !== '') ||
    precedence === 'list'
  )
    return 'list';
  const isAutomatic =
    (submitted !== '' && !/^no\b/.test(submitted)) ||
    /^(bulk|junk|auto_reply)$/.test(precedence) ||
    [
      'x-autoreply',
      'x-autorespond',
      'x-autoresponder',
      'x-mail-autoreply',
      'x-autoreply-from',
      'x-auto-response-suppress',
    ].some((name) => fieldOf(headers, name) !== '' && !/^(no|none)$/i.test(fieldOf(headers, name))) ||
    known.envelopeFrom === '' ||
    outOfOffice.test(mail.subject);
  return isAutomatic ? 'auto_reply' : undefined;
}

function isBounce(mail: Mail, envelopeFrom: string | undefined): boolean {
  if (
    mail.root.type === 'multipart/report' &&
    mail.root.params['report-type']?.toLowerCase() === 'delivery-status'
  )
    return true;
  const isFromDaemon = /^(mailer-daemon|postmaster)@/.test(mail.from[0]?.address ?? '');
  const isSentByNobody = envelopeFrom === '' || fieldOf(mail.headers, 'return-path').trim() === '<>';
  return isFromDaemon && isSentByNobody;
}

/**
 * What is new in a mail's text: quoted mails and the signature folded away. Careful: a forwarded mail is what is said, an answer between
 * quotes is left as it is, and where nothing would be left, nothing is taken away. The original is kept in any case.
 */

export interface NewText {
  text: string;
  /** Something was folded away. */
  folded: boolean;
}

/** Longer lines are prose, never an attribution. */
const LONGEST_ATTRIBUTION = 400;

export function newTextOf(whole: string): NewText {
  const all = whole.replaceAll('\r\n', '\n').trim();
  const lines = all.split('\n');
  const quote = findQuote(lines);
  const kept = quote === null ? lines : withoutQuote(lines, quote);
  const unsigned = withoutSignature(kept);
  const text = unsigned
    .join('\n')
    .replaceAll(/\n{3,}/g, '\n\n')
    .trim();
  if (text === '') return { text: all, folded: false };
  return { text, folded: unsigned.length < lines.length };
}

interface Quote {
  /** Its first line, the attribution. */
  from: number;
  /** Behind its last line. */
  to: number;
}

/** The quoted mail to fold; null where there is none, or where the answer stands between its lines. */
function findQuote(lines: readonly string[]): Quote | null {
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? '';
    if (isForward(line)) return null;
    if (isOriginalMarker(line) || isHeaderBlock(lines, at)) return { from: at, to: lines.length };
    const span = attributionSpan(lines, at);
    if (span > 0) {
      const marked = quotedFrom(lines, at + span);
      if (marked) return { from: at, to: marked.to };
      continue;
    }
    if (isQuoted(line)) {
      const marked = quotedFrom(lines, at);
      return marked && isOnlyQuotes(lines, at) ? { from: at, to: marked.to } : null;
    }
  }
  return null;
}

/** A block of `>` lines below `from`, empty lines passed over: where it ends. An unquoted line that was wrapped belongs to it. */
function quotedFrom(lines: readonly string[], from: number): { to: number } | null {
  let at = from;
  while (at < lines.length && (lines[at] ?? '').trim() === '') at++;
  if (!isQuoted(lines[at] ?? '')) return null;
  let to = at;
  for (; at < lines.length; at++) {
    const line = lines[at] ?? '';
    if (isQuoted(line)) to = at + 1;
    else if (line.trim() !== '') break;
  }
  return { to };
}

function isOnlyQuotes(lines: readonly string[], from: number): boolean {
  return lines.slice(from).every((line) => line.trim() === '' || isQuoted(line));
}

/** What stands around the quote; untouched where more quotes follow, for then the answer stands between them. */
function withoutQuote(lines: readonly string[], { from, to }: Quote): readonly string[] {
  const before = lines.slice(0, from);
  const after = lines.slice(to);
  if (after.some(isQuoted)) return lines;
  return [...before, ...after];
}

function withoutSignature(lines: readonly string[]): readonly string[] {
  const at = lines.findIndex(
    (line, index) => index > 0 && (line === '-- ' || line === '--' || line === '--\u00a0'),
  );
  if (at >= 0) return lines.slice(0, at);
  const sentFrom = lines.findLastIndex((line) => line.trim() !== '');
  return sentFrom > 0 && isSentFrom(lines[sentFrom] ?? '') ? lines.slice(0, sentFrom) : lines;
}

function isQuoted(line: string): boolean {
  return line.startsWith('>');
}

function isSentFrom(line: string): boolean {
  return (
    line.length < 120 &&
    /^(sent from (my|mail for|yahoo|outlook)|get outlook for|von meine[mr] .* gesendet|gesendet mit |envoyé (de|depuis) mon|enviado desde mi|inviato da(l mio)? |enviado do meu|verzonden vanaf mijn|skickat från min|sendt fra min|wysłane z |отправлено с )/i.test(
      line.trim(),
    )
  );
}

const forwardWords =
  /^(-{2,}\s*(forwarded message|weitergeleitete nachricht|message transféré|mensaje reenviado|messaggio inoltrato|mensagem encaminhada|doorgestuurd bericht|пересылаемое сообщение|転送されたメッセージ)\b|(begin forwarded message|anfang der weitergeleiteten nachricht|début du message (transféré|réexpédié)|inicio del mensaje reenviado|inizio messaggio inoltrato)\s*:)/iu;
function isForward(line: string): boolean {
  return line.length < LONGEST_ATTRIBUTION && forwardWords.test(line.trim());
}

const originalWords =
  /^-{3,}\s*(original message|original-nachricht|ursprüngliche nachricht|originalnachricht|message d.origine|message original|mensaje original|messaggio originale|mensagem original|oorspronkelijk bericht|ursprungligt meddelande|oprindelig meddelelse|opprinnelig melding|alkuperäinen viesti|wiadomość oryginalna|původní zpráva|исходное сообщение|原始邮件|original appointment)\s*-{2,}$/iu;
function isOriginalMarker(line: string): boolean {
  return line.length < 120 && originalWords.test(line.trim());
}

const fromLabel =
  /^\*?(from|von|de|da|van|från|fra|od|lähettäjä|от|від|差出人|发件人|寄件者|보낸 사람|kimden|feladó)\s*[:：]\*?/iu;
const dateLabel =
  /^\*?(sent|date|gesendet|datum|envoyé|enviado( el)?|fecha|data|inviato|verzonden|skickat|sendt|dato|lähetetty|wysłano|odesláno|отправлено|дата|送信日時|发送时间|日期|보낸 날짜|gönderme tarihi|küldve)\s*[:：]\*?/iu;
const subjectLabel =
  /^\*?(subject|betreff|objet|asunto|oggetto|assunto|onderwerp|ämne|emne|aihe|temat|předmět|тема|件名|主题|主旨|제목|konu|tárgy)\s*[:：]\*?/iu;

/** Outlook's “From: … Sent: … To: … Subject: …”, with or without a rule of underscores above it. */
function isHeaderBlock(lines: readonly string[], at: number): boolean {
  const line = (lines[at] ?? '').trim();
  if (/^_{20,}$/.test(line)) {
    const next = [1, 2, 3].find((below) => (lines[at + below] ?? '').trim() !== '');
    return next !== undefined && isLabelled(lines, at + next);
  }
  return isLabelled(lines, at);
}

function isLabelled(lines: readonly string[], at: number): boolean {
  const line = (lines[at] ?? '').trim();
  if (line.length > LONGEST_ATTRIBUTION || !fromLabel.test(line)) return false;
  const below = lines.slice(at + 1, at + 8).map((other) => other.trim().slice(0, LONGEST_ATTRIBUTION));
  return below.some((other) => dateLabel.test(other)) && below.some((other) => subjectLabel.test(other));
}

/** The endings of “On …, … wrote:” in the languages of mailers. */
const wroteEndings =
  /(wrote|writes|schrieb|schrieb am .*|schreef( .*)?|a écrit|escribió|ha scritto|scrisse|escreveu|skrev( .*)?|kirjoitti( .*)?|napisał(\(a\)|a)?|napsal(\(a\)|a)?|napísal(\(a\)|a)?|írta|yazdı|написал(\(а\)|а)?|пишет|писал(\(а\)|а)?|пише|написав|έγραψε|書きました|のメール|写道|寫道|작성|님이 작성)\s*[:：]$/iu;
const germanName = /^am .*\bschrieb\b.*[:：]$/iu;

/** How many lines, from this one, are an attribution such as “On … wrote:”; 0 where it is none. Mailers wrap it. */
function attributionSpan(lines: readonly string[], at: number): number {
  for (let span = 1; span <= 3; span++) {
    const taken = lines.slice(at, at + span).map((line) => line.trim());
    if (taken.length < span || taken.some((line) => line === '' || isQuoted(line))) return 0;
    // As few lines as have the time of the mail: what stands directly above them is the answer.
    if (isAttribution(taken)) return span > 1 && isAttribution(taken.slice(1)) ? 0 : span;
  }
  return 0;
}

function isAttribution(lines: readonly string[]): boolean {
  const joined = lines.join(' ');
  if (joined.length > LONGEST_ATTRIBUTION || !/[:：]$/.test(joined)) return false;
  const hasTime = /\d{4}|\d{1,2}[:.]\d{2}/.test(joined.replaceAll(/<[^<>]*>/g, ' '));
  return hasTime && (wroteEndings.test(joined) || germanName.test(joined));
}

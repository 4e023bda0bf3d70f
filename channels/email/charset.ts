/** Bytes → text, whatever a mail says of them. Never throws; what no charset fits becomes U+FFFD. */

/** Names that mailers use and TextDecoder doesn't know. */
const aliases: Record<string, string> = {
  utf8mb4: 'utf-8',
  'utf-8-sig': 'utf-8',
  cp1252: 'windows-1252',
  cp1250: 'windows-1250',
  cp1251: 'windows-1251',
  'ansi_x3.4-1968': 'us-ascii',
  '646': 'us-ascii',
  cp932: 'shift_jis',
  cp949: 'euc-kr',
  cp936: 'gbk',
  cp950: 'big5',
  'iso-2022-jp-1': 'iso-2022-jp',
  'iso-2022-jp-2': 'iso-2022-jp',
  'iso-2022-jp-ms': 'iso-2022-jp',
};

/** A charset that says nothing about bytes above 127, or wasn't said at all. */
const isVague = (charset: string): boolean =>
  /^(|us-ascii|ascii|unknown-8bit|x-unknown|binary|default)$/.test(charset);

export function decodeText(bytes: Uint8Array, declared = ''): string {
  const named = declared.trim().toLowerCase().replace(/^"|"$/g, '').replace(/\*.*$/, '');
  const charset = aliases[named] ?? named;
  if (isVague(charset)) return decodeUndeclared(bytes);
  const decoder = decoderOf(charset);
  return decoder ? decoder.decode(bytes) : decodeUndeclared(bytes);
}

/** UTF-8 where it is UTF-8, Japanese where its escapes are there, else what Western mailers have always meant. */
function decodeUndeclared(bytes: Uint8Array): string {
  const ascii = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (ascii.includes('\u001b$') && !ascii.some((byte) => byte > 127))
    return new TextDecoder('iso-2022-jp').decode(bytes);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder('windows-1252').decode(bytes);
  }
}

function decoderOf(charset: string): TextDecoder | null {
  try {
    return new TextDecoder(charset);
  } catch {
    return null;
  }
}

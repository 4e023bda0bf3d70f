/** An invitation as a line people can read; the file itself is attached. */

export function invitationLine(ics: string): string {
  const lines = ics
    .slice(0, 200_000)
    .replaceAll(/\r?\n[ \t]/g, '')
    .split(/\r?\n/);
  const start = lines.findIndex((line) => line.toUpperCase() === 'BEGIN:VEVENT');
  if (start < 0) return '';
  const end = lines.findIndex((line, at) => at > start && line.toUpperCase() === 'END:VEVENT');
  const event = lines.slice(start + 1, end < 0 ? undefined : end);
  const method = fieldOf(lines, 'METHOD').value.toUpperCase();
  const what =
    { REQUEST: 'Invitation', CANCEL: 'Cancelled', REPLY: 'Answer to an invitation' }[method] ?? 'Appointment';
  const from = fieldOf(event, 'DTSTART');
  const pieces = [
    fieldOf(event, 'SUMMARY').value,
    [timeOf(from.value), timeOf(fieldOf(event, 'DTEND').value)].filter(Boolean).join(' – ') +
      (from.zone && ` (${from.zone})`),
    fieldOf(event, 'LOCATION').value,
  ].filter((piece) => piece !== '');
  return `${what}: ${pieces.join(', ')}`.slice(0, 500);
}

interface Field {
  value: string;
  zone: string;
}
function fieldOf(lines: readonly string[], name: string): Field {
  const isField = (line: string): boolean =>
    line.toUpperCase().startsWith(name) && /[:;]/.test(line.charAt(name.length));
  const line = lines.find(isField) ?? '';
  const colon = line.indexOf(':');
  const [, zone = ''] = /TZID="?([^";:]+)/i.exec(line.slice(0, Math.max(0, colon))) ?? [];
  return { value: colon < 0 ? '' : unescape(line.slice(colon + 1)), zone };
}

function timeOf(value: string): string {
  const [, year, month, day, hour, minute, utc] =
    /^(\d{4})(\d{2})(\d{2})(?:T(\d{2})(\d{2})\d{2}(Z)?)?$/.exec(value.trim()) ?? [];
  if (year === undefined) return '';
  return `${year}-${month}-${day}${hour === undefined ? '' : ` ${hour}:${minute}`}${utc ? ' UTC' : ''}`;
}
function unescape(text: string): string {
  return text
    .replaceAll(/\\n/gi, ' ')
    .replaceAll(/\\([,;\\])/g, '$1')
    .trim();
}

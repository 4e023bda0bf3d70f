/** TwiML, written safely: whatever stands in it is text, never markup. */
export interface Verb {
  name: string;
  attributes: Record<string, string | number | boolean | undefined>;
  children: (Verb | string)[];
}

export function verb(name: string, attributes: Verb['attributes'] = {}, ...children: Verb['children']): Verb {
  return { name, attributes, children };
}

export function twiml(...verbs: readonly Verb[]): string {
  return `<?xml version="1.0" encoding="UTF-8"?><Response>${verbs.map(write).join('')}</Response>`;
}

function write({ name, attributes, children }: Verb): string {
  const given = Object.entries(attributes)
    .filter(([, value]) => value !== undefined && value !== '')
    .map(([key, value]) => ` ${key}="${escape(String(value))}"`)
    .join('');
  const inside = children.map((child) => (typeof child === 'string' ? escape(child) : write(child))).join('');
  return inside === '' ? `<${name}${given}/>` : `<${name}${given}>${inside}</${name}>`;
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

/** XML 1.0 has no place for most control characters and for half characters: they are left out. */
function escape(text: string): string {
  return (
    text
      .toWellFormed()
      // oxlint-disable-next-line no-control-regex -- those are what is meant
      .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '')
      .replace(/[&<>"']/g, (char) => entities[char] ?? '')
  );
}

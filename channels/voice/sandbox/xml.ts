/** Reads TwiML as Twilio does: well-formed XML with one <Response>, or an error. */
export interface Element {
  name: string;
  attributes: Record<string, string>;
  children: Element[];
  text: string;
}

const names: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
const plain = (text: string): string =>
  text.replace(/&(\w+);/g, (whole, name: string) => names[name] ?? whole);

/** @throws Error (Twilio: 12100, document parse failure) */
export function readTwiml(xml: string): Element[] {
  const root: Element = { name: '', attributes: {}, children: [], text: '' };
  const open = [root];
  const token = /<\?[^>]*\?>|<(\/?)([A-Za-z]+)((?:\s+[\w-]+="[^"<]*")*)\s*(\/?)>|([^<]+)|(<)/g;
  for (const [, closing, name = '', attributes = '', selfClosing, text, stray] of xml.matchAll(token)) {
    const current = open.at(-1);
    if (stray !== undefined || !current) throw new Error('The TwiML is no well-formed XML.');
    if (text !== undefined) current.text += plain(text);
    if (name === '') continue;
    if (closing) {
      if (open.pop()?.name !== name) throw new Error(`The TwiML closes <${name}>, which isn't open.`);
      continue;
    }
    const element: Element = {
      name,
      attributes: Object.fromEntries(
        [...attributes.matchAll(/([\w-]+)="([^"]*)"/g)].map(([, key = '', value = '']) => [
          key,
          plain(value),
        ]),
      ),
      children: [],
      text: '',
    };
    current.children.push(element);
    if (!selfClosing) open.push(element);
  }
  const [response] = root.children;
  if (open.length !== 1 || response?.name !== 'Response')
    throw new Error('The TwiML has no whole <Response>.');
  return response.children;
}

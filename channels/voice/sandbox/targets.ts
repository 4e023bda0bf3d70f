/** Whom a <Dial> rings. */
import type { VoiceCall } from './calls.ts';
import type { Element } from './xml.ts';

type Target = Pick<
  VoiceCall,
  'number' | 'from' | 'to' | 'direction' | 'parentSid' | 'callback' | 'parameters' | 'status'
> & {
  element: Element;
};

/** Clients get the caller's number; numbers are called from `callerId`. */
export function dialTargets(call: VoiceCall, verb: Element, callerId: string | undefined): Target[] {
  return verb.children.flatMap((element) => {
    const { name, attributes, children, text } = element;
    const identity = children.find((child) => child.name === 'Identity')?.text ?? text.trim();
    const to = name === 'Client' ? `client:${identity}` : text.trim();
    if (name !== 'Client' && name !== 'Number') return [];
    const url = attributes['statusCallback'];
    const events = (attributes['statusCallbackEvent'] ?? 'completed').split(' ');
    return [
      {
        element,
        number: call.number,
        from: callerId ?? call.from,
        to,
        direction: 'outbound-dial' as const,
        status: 'queued' as const,
        parentSid: call.sid,
        callback: url === undefined ? null : { url, events },
        parameters: Object.fromEntries(
          children
            .filter((child) => child.name === 'Parameter')
            .map((child) => [child.attributes['name'] ?? '', child.attributes['value'] ?? '']),
        ),
      },
    ];
  });
}

import type { Json, JsonObject } from '#domain/json.ts';
import type { TemplatePart } from '#domain/message.ts';
import { ChannelError } from '../contract.ts';

/**
 * A template's payload. `params`: a list fills the body in order; an object of texts fills named places (`{"1": …}` in order); an
 * object with `body`, `header` or `buttons` fills each; one with `components` is Meta's own shape and goes as it is.
 * @throws ChannelError permanent
 */
export function templatePayload(part: TemplatePart, defaultLanguage: string): JsonObject {
  const components = componentsOf(part.params);
  return {
    name: part.name,
    language: { code: part.language ?? defaultLanguage },
    ...(components.length === 0 ? {} : { components }),
  };
}

function componentsOf(params: Json | undefined): Json[] {
  if (params === undefined || params === null) return [];
  if (Array.isArray(params)) return params.length === 0 ? [] : [bodyOf(params)];
  if (typeof params !== 'object') return [bodyOf([params])];
  if (Array.isArray(params['components'])) return params['components'];
  if (!['body', 'header', 'buttons'].some((key) => Object.hasOwn(params, key)))
    return Object.keys(params).length === 0 ? [] : [bodyOf(params)];
  const { header, body, buttons } = params;
  return [
    ...(header === undefined ? [] : [{ type: 'header', parameters: [parameterOf(header)] }]),
    ...(body === undefined ? [] : [bodyOf(body)]),
    ...(Array.isArray(buttons) ? buttons.map(buttonOf) : []),
  ];
}

function bodyOf(values: Json): JsonObject {
  if (Array.isArray(values)) return { type: 'body', parameters: values.map(parameterOf) };
  if (values === null || typeof values !== 'object')
    return { type: 'body', parameters: [parameterOf(values)] };
  const names = Object.keys(values);
  if (names.every((name) => /^\d+$/.test(name))) {
    const inOrder = names.sort((left, right) => Number(left) - Number(right));
    return { type: 'body', parameters: inOrder.map((name) => parameterOf(values[name] ?? '')) };
  }
  return {
    type: 'body',
    parameters: names.map((name) => ({ ...parameterOf(values[name] ?? ''), parameter_name: name })),
  };
}

/** A text, or Meta's own shape of a parameter: `{type: "image", image: {link}}`; its type may be left out. */
function parameterOf(value: Json): JsonObject {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
    return { type: 'text', text: String(value) };
  if (value !== null && !Array.isArray(value) && typeof value === 'object') {
    if (typeof value['type'] === 'string') return value;
    const [type, ...others] = Object.keys(value);
    if (type !== undefined && others.length === 0) return { type, ...value };
  }
  throw new ChannelError('permanent', 'A template’s parameter is a text or an object that names its type.');
}

/** `{text}` completes a link, `{payload}` comes back when it is pressed, `{coupon_code}` is copied; a bare text completes a link. */
function buttonOf(value: Json, index: number): JsonObject {
  if (value !== null && !Array.isArray(value) && typeof value === 'object') {
    if (value['type'] === 'button') return value;
    const at = String(typeof value['index'] === 'number' ? value['index'] : index);
    if (typeof value['payload'] === 'string')
      return button('quick_reply', at, { type: 'payload', payload: value['payload'] });
    if (typeof value['coupon_code'] === 'string')
      return button('copy_code', at, { type: 'coupon_code', coupon_code: value['coupon_code'] });
    if (typeof value['text'] === 'string') return button('url', at, { type: 'text', text: value['text'] });
  }
  if (typeof value === 'string') return button('url', String(index), { type: 'text', text: value });
  throw new ChannelError('permanent', 'A template’s button takes a text, a payload or a coupon_code.');
}

function button(subType: string, index: string, parameter: JsonObject): JsonObject {
  return { type: 'button', sub_type: subType, index, parameters: [parameter] };
}

/** What a message of the Cloud API holds, and what of it is refused at once. */
import type { Json, JsonObject } from '#domain/json.ts';
import { templateText } from './accounts.ts';
import { GraphRefusal, invalidParameter } from './answers.ts';
import type { Call } from './call.ts';
import { listOf, objectOf, textOf } from './fields.ts';
import { shownUrl, type StoredMessage } from './world.ts';

type Content = Partial<StoredMessage>;
/** @throws GraphRefusal for what the Cloud API refuses at once */
export async function contentOf(call: Call, values: JsonObject): Promise<Content> {
  const type = textOf(values['type']) || 'text';
  const body = objectOf(values[type]);
  switch (type) {
    case 'text': {
      const text = textOf(body['body']);
      if (text === '') throw invalidParameter("The parameter text['body'] is required.");
      if (text.length > 4096)
        throw invalidParameter('Param text[body] must be at most 4096 characters long.');
      return { text };
    }
    case 'image':
    case 'audio':
    case 'video':
    case 'document':
    case 'sticker':
      return await mediaContent(call, type, body);
    case 'location':
      return {
        text: textOf(body['name']),
        note: `Place: ${textOf(body['latitude'])}, ${textOf(body['longitude'])}`,
      };
    case 'contacts': {
      const cards = listOf(values['contacts']).map(
        (card) => objectOf(objectOf(card)['name'])['formatted_name'],
      );
      return { note: `Contact: ${cards.map(textOf).join(', ')}` };
    }
    case 'reaction':
      return { note: `Reaction ${textOf(body['emoji'])}`, replyTo: textOf(body['message_id']) };
    case 'interactive':
      return interactiveContent(body);
    case 'template': {
      const name = textOf(body['name']);
      const text = templateText(name, textOf(objectOf(body['language'])['code']));
      if (text === null)
        throw new GraphRefusal(132_001, '(#132001) Template name does not exist in the translation', {
          status: 404,
          details: `template name (${name}) does not exist in ${textOf(objectOf(body['language'])['code'])}`,
        });
      return { text: filled(text, body), note: `Template ${name}` };
    }
    default:
      throw invalidParameter(
        `Param type must be one of {AUDIO, CONTACTS, DOCUMENT, IMAGE, INTERACTIVE, LOCATION, REACTION, STICKER, TEMPLATE, TEXT, VIDEO} - got "${type}".`,
      );
  }
}

async function mediaContent({ world }: Call, type: string, body: JsonObject): Promise<Content> {
  const kind = type === 'document' ? 'file' : type;
  const name = textOf(body['filename']);
  const caption = textOf(body['caption']);
  if (caption.length > 1024)
    throw invalidParameter(`Param ${type}[caption] must be at most 1024 characters long.`);
  const rest = { text: caption };
  const media = (url: string): Content => ({
    ...rest,
    media: [{ kind, url, ...(name === '' ? {} : { name }) }],
  });
  const link = textOf(body['link']);
  if (link !== '') return media(link);
  const file = [...world.files.values()].find((each) => each.name === `wa:${textOf(body['id'])}`);
  if (!file)
    throw invalidParameter(
      `Param ${type}['id'] is not a valid whatsapp business account media attachment ID`,
    );
  return media(shownUrl(file));
}

function optionOf(each: Json | undefined): { id: string; label: string } {
  return { id: textOf(objectOf(each)['id']), label: textOf(objectOf(each)['title']) };
}

function interactiveContent(body: JsonObject): Content {
  const action = objectOf(body['action']);
  const text = textOf(objectOf(body['body'])['text']);
  if (body['type'] === 'button') {
    const choices = listOf(action['buttons']).map((button) => optionOf(objectOf(button)['reply']));
    if (choices.length === 0 || choices.length > 3)
      throw invalidParameter('Invalid buttons count. Min allowed buttons: 1, Max allowed buttons: 3');
    checkLabels(choices, 20);
    return { text, choices, choiceKind: 'button' };
  }
  const choices = listOf(action['sections']).flatMap((section) =>
    listOf(objectOf(section)['rows']).map(optionOf),
  );
  if (choices.length === 0 || choices.length > 10)
    throw invalidParameter('Total row count exceed max allowed count: 10');
  checkLabels(choices, 24);
  return { text, choices, choiceKind: 'list' };
}
function checkLabels(choices: readonly { id: string; label: string }[], max: number): void {
  const wrong = choices.find(({ id, label }) => label === '' || id === '' || label.length > max);
  if (wrong) throw invalidParameter(`Button title length invalid. Min length: 1, Max length: ${max}`);
  if (new Set(choices.map(({ label }) => label)).size < choices.length)
    throw invalidParameter('Duplicated title for an option.');
}
function filled(text: string, body: JsonObject): string {
  const part = listOf(body['components'])
    .map(objectOf)
    .find(({ type }) => textOf(type).toLowerCase() === 'body');
  const parameters = listOf(part?.['parameters']).map((each) => textOf(objectOf(each)['text']));
  const wanted = [...text.matchAll(/\{\{\d\}\}/g)].length;
  if (wanted !== parameters.length)
    throw new GraphRefusal(
      132_000,
      '(#132000) Number of parameters does not match the expected number of params',
      {
        details: `body: number of localizable_params (${parameters.length}) does not match the expected number of params (${wanted})`,
      },
    );
  return text.replaceAll(/\{\{(\d)\}\}/g, (_, at: string) => parameters[Number(at) - 1] ?? '');
}

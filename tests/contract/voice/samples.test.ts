import { describe, expect, test } from 'vitest';
import { voiceDefinition } from '#channels/voice/definition.ts';
import { parseVoice } from '#channels/voice/parse.ts';
import { bodies, formOf } from './bodies.ts';
import { voiceCase } from './case.ts';

const inbox = {
  ...voiceCase.inbox,
  credentials: voiceDefinition.credentials.parse(voiceCase.inbox.credentials),
};

describe('samples are what Twilio posts, and mean this to us', () => {
  test.each(Object.entries(bodies))('%s', async (name, { fields }) => {
    const form = formOf(fields);
    await expect(form).toMatchFileSnapshot(`../../../channels/voice/samples/${name}.form`);
    expect(parseVoice(inbox, voiceCase.request(Buffer.from(form)))).toMatchSnapshot();
  });
});

test('whatever ends a call, and however often it is told, is one event', () => {
  const ends = ['completed', 'busy', 'no-answer', 'canceled', 'failed'].map((CallStatus) => {
    const { fields = {} } = bodies['status-completed'] ?? {};
    const events = parseVoice(inbox, voiceCase.request(Buffer.from(formOf({ ...fields, CallStatus }))));
    return Array.isArray(events) ? events.map(({ eventId }) => eventId) : [];
  });
  expect(new Set(ends.flat()).size).toBe(1);
  expect(ends.flat()).toHaveLength(5);
});

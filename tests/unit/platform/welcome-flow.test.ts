import { describe, expect, test } from 'vitest';
import { checkFlow } from '#domain/flow/check.ts';
import { parseFlowDefinition } from '#domain/flow/schema.ts';
import { welcomeFlow } from '../../../db/welcome-flow.ts';

const flow = welcomeFlow({ inboxIds: ['live-chat', 'api'], supportTeamId: 'support' });
const known = { inboxIds: ['live-chat', 'api'], flowIds: ['welcome'], agentIds: [], teamIds: ['support'] };

describe('the welcome flow', () => {
  test('can be published without a remark', () => {
    expect(parseFlowDefinition(structuredClone(flow))).toEqual({ kind: 'ok', definition: flow });
    expect(checkFlow(flow, known)).toEqual([]);
  });
  test('answers the named inboxes only', () => {
    expect(flow.triggers.flatMap(({ inboxIds }) => inboxIds)).toEqual(['live-chat', 'api']);
  });
  test('would not pass with a team that is not there', () => {
    expect(checkFlow(flow, { ...known, teamIds: [] })).toEqual([
      expect.objectContaining({ step: 'support_team', code: 'unknown_team' }),
    ]);
  });
});

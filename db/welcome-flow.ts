/** The flow a new workspace begins with: greets, asks what it is about, and brings people to a person or an answer. */
import type { FlowDefinition, StepDefinition } from '#domain/flow/types.ts';

const day = 86_400;

/** @param to the inboxes it answers (never every one) and the team that takes support */
export function welcomeFlow(to: { inboxIds: string[]; supportTeamId: string }): FlowDefinition {
  return {
    schemaVersion: 1,
    triggers: [{ kind: 'message_received', inboxIds: to.inboxIds, match: { kind: 'any' } }],
    entry: 'welcome',
    steps: {
      welcome: {
        kind: 'ask',
        params: {
          text: 'Hello {{contact.name | default: "there"}}, good to hear from you! What can we do for you?',
          invalidText: 'Sorry, I didn’t get that. Please choose one of these:',
          variable: 'topic',
          format: 'choice',
          choices: [
            { id: 'sales', label: 'Sales' },
            { id: 'support', label: 'Support' },
            { id: 'other', label: 'Something else' },
          ],
          timeoutSeconds: day,
          maxInvalid: 3,
        },
        exits: {
          reply: 'is_sales',
          invalid: 'not_understood',
          timeout: null,
          undelivered: 'greeting_lost',
          taken_over: null,
        },
      },
      not_understood: send('I’m only a bot, so I’ll ask a colleague to read this.', 'ask_a_person'),
      ask_a_person: {
        kind: 'handoff',
        params: { note: 'The bot didn’t understand: “{{message.text}}”' },
        exits: {},
      },
      greeting_lost: { kind: 'handoff', params: { note: 'The greeting couldn’t be delivered.' }, exits: {} },

      is_sales: topicIs('sales', 'ask_email', 'is_support'),
      ask_email: {
        kind: 'ask',
        params: {
          text: 'Lovely. Which email address may our sales team write to?',
          invalidText: 'That doesn’t look like an email address. Could you check it?',
          variable: 'email',
          format: 'email',
          timeoutSeconds: day,
          maxInvalid: 3,
        },
        exits: {
          reply: 'keep_email',
          invalid: 'label_sales',
          timeout: 'label_sales',
          undelivered: 'label_sales',
          taken_over: null,
        },
      },
      keep_email: {
        kind: 'set',
        params: { target: 'contact', field: 'email', value: { var: 'vars.email' } },
        exits: { next: 'label_sales' },
      },
      label_sales: label('sales', 'thank_sales'),
      thank_sales: send('Thank you! Somebody from sales will be with you shortly.', 'to_sales'),
      to_sales: {
        kind: 'handoff',
        params: { note: 'Interested in buying. Email: {{contact.email | default: "not given"}}' },
        exits: {},
      },

      is_support: topicIs('support', 'describe', 'something_else'),
      describe: {
        kind: 'ask',
        params: {
          text: 'Sorry that something isn’t right. Please describe what happened.',
          variable: 'problem',
          format: 'text',
          timeoutSeconds: day,
          maxInvalid: 3,
        },
        exits: {
          reply: 'label_support',
          invalid: 'label_support',
          timeout: 'label_support',
          undelivered: 'label_support',
          taken_over: null,
        },
      },
      label_support: label('support', 'support_team'),
      support_team: {
        kind: 'assign',
        params: { teamId: to.supportTeamId },
        exits: { next: 'thank_support' },
      },
      thank_support: send('Thank you. Our support team has it and answers here.', 'to_support'),
      to_support: { kind: 'handoff', params: { note: 'Needs support.' }, exits: {} },

      something_else: send(
        'Of course! Look around as you like; write again whenever you want to choose Sales or Support.',
        'done',
      ),
      done: { kind: 'end', params: {}, exits: {} },
    },
  };
}

const send = (text: string, next: string): StepDefinition => ({
  kind: 'send',
  params: { text },
  // Where it can't be delivered the person behind it still has to see the conversation.
  exits: { next, failed: next },
});
const label = (name: string, next: string): StepDefinition => ({
  kind: 'label',
  params: { add: [name] },
  exits: { next },
});
const topicIs = (topic: string, yes: string, no: string): StepDefinition => ({
  kind: 'condition',
  params: { if: { op: 'eq', left: { var: 'vars.topic' }, right: topic } },
  exits: { yes, no },
});

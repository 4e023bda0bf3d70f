import { CONVERSATION_STATUSES, PRIORITIES } from '../conversation.ts';
import type { Json, JsonObject } from '../json.ts';
import type { Change, CustomerView, RunContext } from './types.ts';

/** The context after a change, so that later steps, and later reductions of the same transaction, see it. */
export function applyChange<C extends RunContext>(context: C, change: Change): C {
  switch (change.kind) {
    case 'set':
      return applySet(context, change);
    case 'label': {
      const kept = context.conversation.labels.filter((label) => !change.remove.includes(label));
      const added = [...new Set(change.add)].filter((label) => !kept.includes(label));
      return { ...context, conversation: { ...context.conversation, labels: [...kept, ...added] } };
    }
    // No variable shows these.
    case 'assign':
    case 'handoff':
    case 'start_flow':
      return context;
  }
}

function applySet<C extends RunContext>(
  context: C,
  { target, field, value }: Extract<Change, { kind: 'set' }>,
): C {
  const { conversation, contact, customer } = context;
  if (target === 'contact') return { ...context, contact: withField(contact, field, value) };
  if (target === 'customer')
    return { ...context, customer: withField(customer ?? newCustomer(context), field, value) };
  const status = CONVERSATION_STATUSES.find((name) => name === value);
  const priority = PRIORITIES.find((name) => name === value);
  if (field === 'status' && status) return { ...context, conversation: { ...conversation, status } };
  if (field === 'priority' && priority) return { ...context, conversation: { ...conversation, priority } };
  return context;
}

/** The customer that storing the change will make, its id not known yet. */
function newCustomer({ contact }: RunContext): CustomerView {
  return {
    id: '',
    name: contact.name ?? contact.externalId,
    email: contact.email,
    phone: contact.phone,
    fields: {},
  };
}
function withField<P extends { fields: JsonObject }>(person: P, field: string, value: Json): P {
  if (!field.startsWith('fields.')) return { ...person, [field]: value };
  return { ...person, fields: { ...person.fields, [field.slice('fields.'.length)]: value } };
}

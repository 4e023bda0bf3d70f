/** What Twilio posts to a voice inbox, by sample: where to, and the fields. */
const account = 'AC0123456789abcdef0123456789abcdef';
export const agentId = '0199a1b2-0000-7000-8000-00000000000a';
export const ticketId = '0199a1b2-0000-7000-8000-00000000000c';
const customer = '+15551234567';
const own = '+15005550006';
const common = { AccountSid: account, ApiVersion: '2010-04-01' };

interface Sample {
  place: string;
  query?: Record<string, string>;
  fields: Record<string, string>;
}
const inbound = (sid: string, more: Record<string, string> = {}): Record<string, string> => ({
  ...common,
  CallSid: sid,
  From: customer,
  To: own,
  Direction: 'inbound',
  ...more,
});
const leg = (sid: string, status: string, more: Record<string, string> = {}): Record<string, string> => ({
  ...common,
  CallSid: sid,
  ParentCallSid: 'CA00000000000000000000000000000099',
  From: customer,
  To: `client:agent_${agentId.replaceAll('-', '_')}`,
  CallStatus: status,
  Direction: 'outbound-dial',
  CallbackSource: 'call-progress-events',
  SequenceNumber: '1',
  Timestamp: 'Sun, 22 Nov 2026 20:00:00 +0000',
  ...more,
});
const callSid = (n: number): string => `CA${String(n).padStart(32, '0')}`;
const of = (n: number, ref?: string): Record<string, string> => ({
  call: callSid(n),
  who: customer,
  ...(ref === undefined ? {} : { ref }),
});
const out = (call: string): Record<string, string> => ({ call, who: customer, dir: 'out' });
const recording = (n: number): Record<string, string> => ({
  RecordingSid: `RE${String(n).padStart(32, '0')}`,
  RecordingUrl: `https://api.twilio.com/2010-04-01/Accounts/${account}/Recordings/RE${String(n).padStart(32, '0')}`,
  RecordingDuration: '12',
});

export const bodies: Record<string, Sample> = {
  incoming: {
    place: 'voice',
    fields: inbound(callSid(1), {
      CallStatus: 'ringing',
      CallerName: 'ADA LOVELACE',
      StirVerstat: 'TN-Validation-Passed-A',
    }),
  },
  'incoming-hidden': {
    place: 'voice',
    fields: inbound(callSid(2), { From: '+266696687', CallStatus: 'ringing' }),
  },
  'phone-calls-out': {
    place: 'app',
    fields: {
      ...common,
      CallSid: callSid(3),
      From: `client:agent_${agentId.replaceAll('-', '_')}`,
      To: '',
      CallStatus: 'ringing',
      callId: ticketId,
    },
  },
  said: { place: 'said', query: of(4, 'abc'), fields: inbound(callSid(4), { CallStatus: 'in-progress' }) },
  'gathered-digits': {
    place: 'gather',
    query: of(5, 'abc'),
    fields: inbound(callSid(5), { CallStatus: 'in-progress', Digits: '1' }),
  },
  'gathered-speech': {
    place: 'gather',
    query: of(6, 'abc'),
    fields: inbound(callSid(6), {
      CallStatus: 'in-progress',
      SpeechResult: 'Sales, please.',
      Confidence: '0.91',
    }),
  },
  'gathered-nothing': {
    place: 'gather',
    query: of(7, 'abc'),
    fields: inbound(callSid(7), { CallStatus: 'in-progress', Digits: '' }),
  },
  'agent-rings': { place: 'leg', query: of(8, 'abc'), fields: leg(callSid(80), 'ringing') },
  'agent-answered': { place: 'leg', query: of(9, 'abc'), fields: leg(callSid(90), 'in-progress') },
  'agent-resumed': { place: 'leg', query: of(10, 'resume'), fields: leg(callSid(100), 'in-progress') },
  'nobody-answered': {
    place: 'dial',
    query: of(11, 'abc'),
    fields: inbound(callSid(11), {
      CallStatus: 'in-progress',
      DialCallStatus: 'no-answer',
      DialCallSid: callSid(110),
    }),
  },
  'talked-with-an-agent': {
    place: 'dial',
    query: of(12, 'abc'),
    fields: inbound(callSid(12), {
      CallStatus: 'in-progress',
      DialCallStatus: 'completed',
      DialCallSid: callSid(120),
      DialCallDuration: '42',
    }),
  },
  voicemail: {
    place: 'voicemail',
    query: of(13, 'abc'),
    fields: inbound(callSid(13), { CallStatus: 'completed', Digits: 'hangup', ...recording(13) }),
  },
  'voicemail-silent': {
    place: 'voicemail',
    query: { ...of(14, 'abc'), empty: '1' },
    fields: inbound(callSid(14), { CallStatus: 'in-progress' }),
  },
  recording: {
    place: 'recording',
    query: of(15),
    fields: {
      ...common,
      CallSid: callSid(15),
      RecordingStatus: 'completed',
      RecordingChannels: '2',
      RecordingSource: 'DialVerb',
      ...recording(15),
    },
  },
  'recording-absent': {
    place: 'recording',
    query: of(16),
    fields: { ...common, CallSid: callSid(16), RecordingStatus: 'absent', ...recording(16) },
  },
  'status-completed': {
    place: 'status',
    fields: inbound(callSid(17), {
      CallStatus: 'completed',
      CallDuration: '61',
      Duration: '2',
      SequenceNumber: '0',
      Timestamp: 'Sun, 22 Nov 2026 20:01:01 +0000',
    }),
  },
  'status-no-answer': {
    place: 'status',
    fields: inbound(callSid(18), { CallStatus: 'no-answer', CallDuration: '0' }),
  },
  'status-in-progress': { place: 'status', fields: inbound(callSid(19), { CallStatus: 'in-progress' }) },
  'status-of-a-phone': {
    place: 'status',
    fields: {
      ...common,
      CallSid: callSid(20),
      From: 'client:agent_x',
      To: '',
      CallStatus: 'completed',
      CallDuration: '3',
    },
  },
  'customer-rings': {
    place: 'leg',
    query: out(ticketId),
    fields: leg(callSid(21), 'ringing', { From: own, To: customer }),
  },
  'customer-answered': {
    place: 'leg',
    query: out('0199a1b2-0000-7000-8000-0000000000d1'),
    fields: leg(callSid(22), 'in-progress', { From: own, To: customer }),
  },
  'customer-hung-up': {
    place: 'leg',
    query: out('0199a1b2-0000-7000-8000-0000000000d2'),
    fields: leg(callSid(23), 'completed', { From: own, To: customer, CallDuration: '5' }),
  },
  'customer-busy': {
    place: 'leg',
    query: out('0199a1b2-0000-7000-8000-0000000000d3'),
    fields: leg(callSid(24), 'busy', { From: own, To: customer, CallDuration: '0', SipResponseCode: '486' }),
  },
};

export const formOf = (fields: Record<string, string>): string => new URLSearchParams(fields).toString();

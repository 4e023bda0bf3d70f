/** Twilio's access token: what lets an agent's browser make and take calls, for a while. Signed by the API key's secret. */
import { createHmac } from 'node:crypto';

/** An hour: a phone asks for a new one before. */
export const TOKEN_SECONDS = 3600;

export interface TokenOf {
  accountSid: string;
  apiKeySid: string;
  apiKeySecret: string;
  applicationSid: string;
  identity: string;
  nowMs: number;
}

export function accessToken(of: TokenOf): { token: string; expiresAtMs: number } {
  const iat = Math.floor(of.nowMs / 1000);
  const exp = iat + TOKEN_SECONDS;
  const signed = [
    { alg: 'HS256', typ: 'JWT', cty: 'twilio-fpa;v=1' },
    {
      jti: `${of.apiKeySid}-${iat}`,
      grants: {
        identity: of.identity,
        voice: { incoming: { allow: true }, outgoing: { application_sid: of.applicationSid } },
      },
      iat,
      exp,
      iss: of.apiKeySid,
      sub: of.accountSid,
    },
  ]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  const signature = createHmac('sha256', of.apiKeySecret).update(signed).digest('base64url');
  return { token: `${signed}.${signature}`, expiresAtMs: exp * 1000 };
}

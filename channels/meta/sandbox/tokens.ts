/** Whose token it is. A restart forgets nothing: what a token says is in the token, or in what anybody could derive from it. */
import { createHmac } from 'node:crypto';
import { GraphRefusal, invalidParameter, invalidToken } from './answers.ts';
import { derivedId } from './ids.ts';
import { textOf, type CallFields } from './fields.ts';
import { instagramOfPage, pageOfInstagram } from './recall.ts';
import type { World } from './world.ts';

export interface Caller {
  token: string;
  /** The page or Instagram account a token is of: named by the digits in `sandbox-<account id>`, else made up from the token. */
  pageId: string;
  instagramId: string;
}

/** @throws GraphRefusal 190 unless it has the sandbox's form; 100 for a wrong proof */
export function callerOf(world: World, request: Request, fields: CallFields): Caller {
  const bearer = /^(?:Bearer|OAuth) (.+)$/i.exec(request.headers.get('authorization') ?? '')?.[1];
  const token = bearer ?? textOf(fields.values['access_token']);
  if (token === '')
    throw new GraphRefusal(104, 'An access token is required to request this resource.', { status: 401 });
  checkToken(token);
  checkProof(world, token, textOf(fields.values['appsecret_proof']));
  return callerWith(token);
}

export function callerWith(token: string): Caller {
  const digits = /(\d{5,})\D*$/.exec(token)?.[1];
  if (digits?.startsWith('17841')) return { token, pageId: pageOfInstagram(digits), instagramId: digits };
  const pageId = digits ?? derivedId(12, `page/${token}`, '10');
  return { token, pageId, instagramId: instagramOfPage(pageId) };
}

/** `sandbox-…` is good; one that says `-expired` or `-revoked` of itself is what it says. */
export function tokenProblem(token: string): { message: string; subcode?: number } | null {
  if (!/^sandbox-[\w.-]+$/.test(token))
    return { message: 'Invalid OAuth access token - Cannot parse access token' };
  if (token.includes('-expired'))
    return { message: 'Error validating access token: Session has expired.', subcode: 463 };
  if (token.includes('-revoked')) {
    const message = 'Error validating access token: The user has not authorized application.';
    return { message, subcode: 458 };
  }
  return null;
}

/** The app behind `APPID|SECRET`. */
export function appOfToken(world: World, token: string): string | null {
  const apps = [world.deps.apps.meta, world.deps.apps.instagram];
  return apps.find((app) => app && token === `${app.id}|${app.secret}`)?.id ?? null;
}

function checkToken(token: string): void {
  const problem = tokenProblem(token);
  if (!problem) return;
  if (problem.subcode === undefined) throw invalidToken();
  throw new GraphRefusal(190, problem.message, { status: 401, subcode: problem.subcode });
}

function checkProof(world: World, token: string, proof: string): void {
  if (proof === '') return;
  const proofs = [world.deps.apps.meta, world.deps.apps.instagram].map(
    (app) => app && createHmac('sha256', app.secret).update(token).digest('hex'),
  );
  if (!proofs.includes(proof)) throw invalidParameter('Invalid appsecret_proof provided in the API argument');
}

/** Live Chat for visitors and the pages that carry it. No member's session here: visitors have their own (api/live-chat). */
import type { OpenAPIHono } from '@hono/zod-openapi';
import type { AppEnv } from '../deps.ts';
import { addDemoPage } from '../live-chat/demo.ts';
import { addWidgetPages, builtWidget } from '../live-chat/pages.ts';
import { createSightings } from '../live-chat/sightings.ts';
import { addUnsubscribe } from '../live-chat/unsubscribe.ts';
import { addVisitorIdentity } from '../live-chat/visitor-identity.ts';
import { createVisitorHub } from '../live-chat/visitor-hub.ts';
import { addVisitorRoutes } from '../live-chat/visitor-routes.ts';
import { addVisitorSignals } from '../live-chat/visitor-signals.ts';
import { addVisitorStream } from '../live-chat/visitor-stream.ts';
import {
  createVisitors,
  defaultVisitorLimits,
  type LiveChatDeps,
  type VisitorLimits,
} from '../live-chat/visitors.ts';
import { mediaLinks } from '../media-links.ts';
import { createRouter } from '../openapi.ts';

export function liveChatRoutes(
  deps: LiveChatDeps,
  limits: VisitorLimits = defaultVisitorLimits,
  widgetFolder: string = builtWidget,
): OpenAPIHono<AppEnv> {
  const routes = createRouter();
  const visitors = createVisitors(deps, limits);
  const links = mediaLinks(deps);
  // Relative to the frame, whose policy lets it load from its own origin only, whatever name of ours it was opened under.
  const link = (mediaId: string): string => `../..${links.link(mediaId).slice(deps.config.publicUrl.length)}`;
  addWidgetPages(routes, visitors, createSightings(deps), widgetFolder);
  addVisitorRoutes(routes, deps, visitors, link);
  addVisitorSignals(routes, deps, visitors);
  addVisitorIdentity(routes, deps, visitors);
  addVisitorStream(routes, deps, visitors, createVisitorHub(deps), link);
  addUnsubscribe(routes, deps);
  addDemoPage(routes, deps);
  return routes;
}

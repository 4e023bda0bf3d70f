/** `/demo`: a shop that doesn't exist, with the widget of the first Live Chat inbox. Only beside embedded services. */
import type { Hono } from 'hono';
import { liveChatDefinition } from '#channels/live_chat/definition.ts';
import { firstInboxOfType } from '#db/visitors.ts';
import type { AppEnv } from '../deps.ts';
import { ApiError } from '../middleware/errors.ts';
import { pagePolicy } from '../middleware/security-headers.ts';
import { escapeHtml } from './pages.ts';
import type { LiveChatDeps } from './visitors.ts';

export function addDemoPage(routes: Hono<AppEnv>, deps: LiveChatDeps): void {
  routes.get('/demo', async (c) => {
    if (!deps.config.sandbox) {
      throw new ApiError(
        404,
        'not_found',
        'The demo page exists only where everything is embedded (npm start).',
      );
    }
    const inbox = await firstInboxOfType(deps.engineDb, liveChatDefinition.type);
    c.header('Content-Security-Policy', pagePolicy());
    c.header('Cache-Control', 'no-cache');
    return c.html(demoPage(inbox));
  });
}

function demoPage(inbox: { id: string; name: string } | null): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Fernweh Coffee · Teloring demo</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/live-chat/assets/demo.css">
</head>
<body>
<p class="ribbon">This shop is made up. The chat in the corner is real. <a href="/">Open Teloring</a></p>
<header class="top">
  <span class="brand">Fernweh <i>Coffee</i></span>
  <nav aria-label="Shop"><a href="#beans">Beans</a><a href="#visit">Visit</a><a href="#try">What to try</a></nav>
</header>
<main>
  <section class="hero">
    <div>
      <p class="kicker">Roasted on Tuesdays</p>
      <h1>Coffee for people who look out of the window.</h1>
      <p class="lead">Small lots, light roasts, sent the day they leave the drum. Something unclear? Ask us, we answer at once.</p>
      ${inbox ? '<button class="ask" type="button" data-teloring="open">Ask about coffee</button>' : ''}
    </div>
    <div class="art" aria-hidden="true"><span></span><span></span><span></span><span></span></div>
  </section>
  <section id="beans" class="beans" aria-label="Beans">
    <article><span class="swatch one" aria-hidden="true"></span><h2>Quiet Morning</h2><p>Ethiopia · jasmine, apricot</p><b>€ 14</b></article>
    <article><span class="swatch two" aria-hidden="true"></span><h2>Night Train</h2><p>Colombia · cocoa, fig</p><b>€ 13</b></article>
    <article><span class="swatch three" aria-hidden="true"></span><h2>Second Cup</h2><p>Decaf, Mexico · caramel, plum</p><b>€ 13</b></article>
  </section>
  <section id="try" class="try" aria-labelledby="try-title">
    <h2 id="try-title">What to try</h2>
    ${inbox ? steps(inbox.name) : nothing}
  </section>
  <section id="visit" class="visit"><p>Harbour Lane 4 · Tuesday to Saturday, nine to six</p></section>
</main>
${inbox ? `<script src="/widget.js" data-inbox="${escapeHtml(inbox.id)}" async></script>` : ''}
</body>
</html>
`;
}

function steps(inboxName: string): string {
  return `<ol>
      <li><b>Write something.</b> Open the chat and say hello. Every message starts a durable workflow; the bot's answer is a flow.</li>
      <li><b>Watch it arrive.</b> Open <a href="/" target="_blank" rel="noopener">Teloring</a> in a second window: the conversation of “${escapeHtml(inboxName)}” is under Conversations, its run under Runs.</li>
      <li><b>Take over.</b> Reply there as an agent. The bot stops at once, and your words appear here.</li>
      <li><b>Be rude to it.</b> Reload this page, go offline, restart the server in the middle of a sentence. Nothing is lost, nothing comes twice.</li>
    </ol>`;
}

const nothing = `<p>There is no Live Chat inbox yet. <a href="/">Open Teloring</a>, go to My Ring and add a Live Chat inbox; it then appears in this corner.</p>`;

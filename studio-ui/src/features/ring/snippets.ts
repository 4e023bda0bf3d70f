/** What admins paste elsewhere. Pure. */
export function embedSnippet(origin: string, inboxId: string): string {
  return `<script src="${origin}/widget.js" data-inbox="${inboxId}" async></script>`;
}

/** Works in any POSIX shell with openssl and curl. */
export function signingExample(origin: string, inboxId: string, secret: string): string {
  return [
    `SECRET='${secret}'`,
    `BODY='{"id":"msg-1","from":{"id":"customer-1","name":"Ada"},"text":"Hello"}'`,
    `T=$(date +%s)`,
    `V1=$(printf '%s.%s' "$T" "$BODY" | openssl dgst -sha256 -hmac "$SECRET" | sed 's/^.* //')`,
    `curl -X POST '${origin}/webhooks/api/${inboxId}' \\`,
    `  -H 'Content-Type: application/json' \\`,
    `  -H "X-Teloring-Signature: t=$T,v1=$V1" \\`,
    `  -d "$BODY"`,
  ].join('\n');
}

/** Hands over a mail that lies in a file, as a mail provider would. */
export function mailPostExample(origin: string, inboxId: string, secret: string): string {
  return [
    `SECRET='${secret}'`,
    `T=$(date +%s)`,
    `V1=$( (printf '%s.' "$T"; cat mail.eml) | openssl dgst -sha256 -hmac "$SECRET" | sed 's/^.* //')`,
    `curl -X POST '${origin}/webhooks/email/${inboxId}' \\`,
    `  -H 'Content-Type: message/rfc822' \\`,
    `  -H "X-Teloring-Signature: t=$T,v1=$V1" \\`,
    `  --data-binary @mail.eml`,
  ].join('\n');
}

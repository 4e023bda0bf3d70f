/** A workflow's page in Temporal's own UI, where the deployment named one; `base` carries the namespace path. */
export function temporalHref(base: string | null | undefined, workflowId: string): string | null {
  if (!base) return null;
  return `${base.replace(/\/$/, '')}/workflows/${encodeURIComponent(workflowId)}`;
}

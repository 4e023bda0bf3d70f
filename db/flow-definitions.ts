/** Published flow definitions by version id. Versions never change, so what was read once is right for ever. */
import type pg from 'pg';
import type { FlowDefinition } from '#domain/flow/types.ts';

export interface FlowDefinitions {
  /** Makes the given versions known; one query for those that aren't yet. */
  load(versionIds: readonly string[]): Promise<void>;
  /** @throws Error if the version was not loaded */
  get(versionId: string): FlowDefinition;
}

const mostKept = 1_000;

/** @param parse brings a stored definition to the current schema version */
export function createFlowDefinitions(
  pool: pg.Pool,
  parse: (json: unknown) => FlowDefinition,
): FlowDefinitions {
  const known = new Map<string, FlowDefinition>();
  return {
    async load(versionIds) {
      const missing = [...new Set(versionIds)].filter((id) => !known.has(id));
      if (missing.length === 0) return;
      const { rows } = await pool.query<{ id: string; definition: unknown }>(
        'select id, definition from flow_versions where id = any($1::uuid[])',
        [missing],
      );
      for (const row of rows) known.set(row.id, parse(row.definition));
      for (const id of known.keys()) {
        if (known.size <= mostKept || versionIds.includes(id)) break;
        known.delete(id);
      }
    },
    get(versionId) {
      const definition = known.get(versionId);
      if (!definition) throw new Error(`Flow version ${versionId} does not exist.`);
      return definition;
    },
  };
}

/** Which variables have a value where they are read: on some path, on every path. */
import type { Graph, Node } from './graph.ts';
import { parsePath } from './path.ts';
import { KNOWN_VARIABLES } from './scope.ts';
import type { VariableUse } from './template.ts';
import type { FlowProblem } from './types.ts';

/** For each step: what may have a value on entering it, and what surely has. */
interface Known {
  may: Set<string>;
  must: Set<string>;
}

export function checkVariables(graph: Graph, entry: string, among: ReadonlySet<string>): FlowProblem[] {
  const known = solve(graph, entry, among);
  return [...among].flatMap((id) => {
    const uses = graph.get(id)?.step?.variablesUsed ?? [];
    const before = known.get(id) ?? { may: new Set<string>(), must: new Set<string>() };
    const found = distinct(uses).map((use) => judge(id, use, before));
    return found.filter((problem) => problem !== null);
  });
}

/** Each path once; a read without a guard counts before a guarded one. */
function distinct(uses: readonly VariableUse[]): VariableUse[] {
  const byPath = new Map<string, VariableUse>();
  for (const use of uses)
    byPath.set(use.path, { path: use.path, guarded: use.guarded && (byPath.get(use.path)?.guarded ?? true) });
  return [...byPath.values()];
}

function judge(step: string, { path, guarded }: VariableUse, { may, must }: Known): FlowProblem | null {
  const [root = '', name, ...deeper] = parsePath(path) ?? [];
  const unknown = (message: string): FlowProblem => ({
    severity: 'error',
    step,
    code: 'unknown_variable',
    message,
  });
  if (root !== 'vars') {
    const fields = Object.hasOwn(KNOWN_VARIABLES, root) ? KNOWN_VARIABLES[root] : undefined;
    if (fields === undefined)
      return unknown(
        `There is no variable ${path}. It begins with ${[...Object.keys(KNOWN_VARIABLES), 'vars'].join(', ')}.`,
      );
    if (
      name === undefined
        ? fields.length === 0
        : fields.includes(name) && (name !== 'fields' || deeper.length > 0)
    )
      return null;
    return unknown(`There is no variable ${path}: ${root} has ${fields.join(', ') || 'nothing below it'}.`);
  }
  if (name === undefined) return unknown('Name the variable: vars.<name>.');
  if (!may.has(name)) return unknown(`Nothing before this step sets vars.${name}.`);
  if (must.has(name) || guarded) return null;
  const message = `vars.${name} may have no value: not every way here sets it. Add | default: "…" or set it before.`;
  return { severity: 'warning', step, code: 'maybe_undefined_variable', message };
}

/** Forward analysis to the fixed point: `may` is the union over the ways in, `must` what they all share. */
function solve(graph: Graph, entry: string, among: ReadonlySet<string>): Map<string, Known> {
  const known = new Map<string, Known>([[entry, { may: new Set(), must: new Set() }]]);
  const queue = [entry];
  for (let id = queue.shift(); id !== undefined; id = queue.shift()) {
    const node = graph.get(id);
    const here = known.get(id);
    if (node === undefined || here === undefined) continue;
    for (const { to, exit } of node.edges) {
      if (among.has(to) && flowInto(known, to, after(node, exit, here))) queue.push(to);
    }
  }
  return known;
}
function after({ step }: Node, exit: string | null, { may, must }: Known): Known {
  const set = exit === null ? [] : (step?.variablesDefined(exit) ?? []);
  return { may: new Set([...may, ...set]), must: new Set([...must, ...set]) };
}
/** @returns whether anything is new there */
function flowInto(known: Map<string, Known>, to: string, incoming: Known): boolean {
  const old = known.get(to);
  if (old === undefined) {
    known.set(to, incoming);
    return true;
  }
  const may = new Set([...old.may, ...incoming.may]);
  const must = new Set([...old.must].filter((name) => incoming.must.has(name)));
  known.set(to, { may, must });
  return may.size > old.may.size || must.size < old.must.size;
}

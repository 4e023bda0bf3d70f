/** A channel type or a step kind is compared nowhere but where it lives: adding one touches its folder and the registries. */
import ts from 'typescript';
import { expect, test } from 'vitest';
import { CHANNEL_TYPES } from '#domain/channel.ts';
import { STEPS } from '#domain/flow/steps/index.ts';
import { sources } from './source.ts';

const types = new Set<string>(CHANNEL_TYPES);
const kinds = new Set<string>(Object.keys(STEPS));

/** String literals compared with ===, !== or matched by `case`, with the text of what they are compared to. */
function compared(text: string): { literal: string; to: string }[] {
  const found: { literal: string; to: string }[] = [];
  const file = ts.createSourceFile('x.ts', text, ts.ScriptTarget.Latest, true);
  const visit = (node: ts.Node): void => {
    if (
      ts.isBinaryExpression(node) &&
      [ts.SyntaxKind.EqualsEqualsEqualsToken, ts.SyntaxKind.ExclamationEqualsEqualsToken].includes(
        node.operatorToken.kind,
      )
    ) {
      if (ts.isStringLiteral(node.right))
        found.push({ literal: node.right.text, to: node.left.getText(file) });
      if (ts.isStringLiteral(node.left))
        found.push({ literal: node.left.text, to: node.right.getText(file) });
    }
    if (ts.isCaseClause(node) && ts.isStringLiteral(node.expression)) {
      found.push({ literal: node.expression.text, to: node.parent.parent.expression.getText(file) });
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

test('channel types are compared in channels/ only', () => {
  const wrong = sources()
    .filter(({ file }) => !/^(channels|tests)\//.test(file))
    .flatMap(({ file, text }) =>
      compared(text)
        .filter(({ literal, to }) => types.has(literal) && /type$/i.test(to))
        .map(({ literal, to }) => `${file}: ${to} against '${literal}'`),
    );
  expect(wrong).toEqual([]);
});

test('step kinds are compared in their own files only', () => {
  const wrong = sources()
    .filter(({ file }) => !/^(workflows\/domain\/flow\/steps|tests)\//.test(file))
    .flatMap(({ file, text }) =>
      compared(text)
        .filter(({ literal, to }) => kinds.has(literal) && /step\w*\??\.kind$/i.test(to))
        .map(({ literal, to }) => `${file}: ${to} against '${literal}'`),
    );
  expect(wrong).toEqual([]);
});

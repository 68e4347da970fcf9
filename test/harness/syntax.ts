/**
 * The source as the compiler reads it, for the ratchets of test/architecture.test.ts: names at top level, and functions with
 * their lengths.
 */
import { join } from 'node:path';
import { type Node, SyntaxKind } from 'typescript/unstable/ast';
import {
  isClassDeclaration,
  isFunctionDeclaration,
  isIdentifier,
  isInterfaceDeclaration,
  isTypeAliasDeclaration,
  isVariableStatement,
} from 'typescript/unstable/ast/is';
import { API } from 'typescript/unstable/sync';
import { ROOT } from './project.ts';

export interface SourceText {
  /** As in `src/serve/rules.ts`. */
  readonly file: string;
  /** Exported or not; without constants in capitals. */
  readonly names: readonly string[];
  readonly functions: readonly { readonly line: number; readonly lines: number }[];
}

const FUNCTIONS = [
  SyntaxKind.FunctionDeclaration,
  SyntaxKind.FunctionExpression,
  SyntaxKind.ArrowFunction,
  SyntaxKind.MethodDeclaration,
  SyntaxKind.Constructor,
  SyntaxKind.GetAccessor,
  SyntaxKind.SetAccessor,
];

/** Every file of `src`. */
export function readSources(): SourceText[] {
  const api = new API({ cwd: ROOT });
  try {
    const project = api.updateSnapshot({ openProjects: [join(ROOT, 'tsconfig.json')] }).getProjects()[0];
    if (!project) throw new Error('tsconfig.json is no project');
    const { program } = project;
    const paths = program.getSourceFileNames().filter((path) => path.startsWith(join(ROOT, 'src/')));
    return paths.map((path) => {
      const source = program.getSourceFile(path);
      if (!source) throw new Error(`${path} cannot be read`);
      const lineAt = lineCounter(source.text);
      const functions: { line: number; lines: number }[] = [];
      const visit = (node: Node): void => {
        if (FUNCTIONS.includes(node.kind)) {
          const line = lineAt(node.getStart(source));
          functions.push({ line, lines: lineAt(node.end) - line + 1 });
        }
        node.forEachChild(visit);
      };
      visit(source);
      return { file: path.slice(ROOT.length + 1), names: source.statements.flatMap(namesIn), functions };
    });
  } finally {
    api.close();
  }
}

function namesIn(statement: Node): string[] {
  if (isVariableStatement(statement)) {
    const names = statement.declarationList.declarations.map(({ name }) => name).filter(isIdentifier);
    return names.map(({ text }) => text).filter((text) => !/^[A-Z][A-Z_0-9]*$/.test(text));
  }
  const isNamed =
    isFunctionDeclaration(statement) ||
    isClassDeclaration(statement) ||
    isInterfaceDeclaration(statement) ||
    isTypeAliasDeclaration(statement);
  return isNamed && statement.name ? [statement.name.text] : [];
}

/** From 1. */
function lineCounter(text: string): (at: number) => number {
  const starts = [0, ...[...text.matchAll(/\n/g)].map(({ index }) => index + 1)];
  return (at) => starts.findLastIndex((start) => start <= at) + 1;
}

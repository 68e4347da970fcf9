/**
 * What the package exports, as the compiler reads it: every name behind `exports` of package.json with its members, and whether
 * a sentence stands before it, which is what an editor shows to whoever uses it.
 */
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import type { Node, SourceFile } from 'typescript/unstable/ast';
import {
  isClassDeclaration,
  isExportDeclaration,
  isFunctionDeclaration,
  isIdentifier,
  isInterfaceDeclaration,
  isMethodDeclaration,
  isMethodSignatureDeclaration,
  isNamedExports,
  isPropertyDeclaration,
  isPropertySignatureDeclaration,
  isStringLiteral,
  isTypeAliasDeclaration,
  isTypeLiteralNode,
  isVariableStatement,
} from 'typescript/unstable/ast/is';
import { API } from 'typescript/unstable/sync';
import { ROOT } from './project.ts';

export interface PublicName {
  /** As in `src/deliver/handler.ts HandlerOptions.types`. */
  readonly name: string;
  readonly isSaid: boolean;
}

/** Not exported by name, but seen by whoever calls what is. */
const SEEN: readonly (readonly [string, string])[] = [
  ['src/deliver/handler.ts', 'HandlerLimits'],
  ['src/deliver/handlers/bigquery/options.ts', 'BigQueryOptions'],
  ['src/deliver/handlers/command/options.ts', 'CommandOptions'],
  ['src/deliver/handlers/forward/options.ts', 'ForwardOptions'],
  ['src/deliver/handlers/gcs.ts', 'GcsOptions'],
  ['src/deliver/handlers/google.ts', 'GoogleOptions'],
  ['src/deliver/handlers/latest.ts', 'LatestOptions'],
  ['src/serve/config/deprecations.ts', 'FormerKnobs'],
  ['src/verify/custom.ts', 'CustomPreset'],
];
/** Data that says by its members what it is. */
const PRESET = /\/presets\/[\w-]+\/preset\.ts$/;
/** What a provider sends: its members are the provider's to explain. */
const PAYLOADS = /\/presets\//;

export function publicNames(): PublicName[] {
  const { exports } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    readonly exports: Readonly<Record<string, string>>;
  };
  const entries = Object.values(exports).filter((target) => target.endsWith('.ts'));
  const api = new API({ cwd: ROOT });
  try {
    const project = api.updateSnapshot({ openProjects: [join(ROOT, 'tsconfig.json')] }).getProjects()[0];
    if (!project) throw new Error('tsconfig.json is no project');
    const read = (path: string): SourceFile => {
      const source = project.program.getSourceFile(path);
      if (!source) throw new Error(`${path} cannot be read`);
      return source;
    };
    const files = entries.flatMap((entry) => globSync(entry, { cwd: ROOT }).map((file) => join(ROOT, file)));
    return [
      ...files.flatMap((path) => namesOf(path, undefined, read)),
      ...SEEN.flatMap(([file, name]) => namesOf(join(ROOT, file), [name], read)),
    ];
  } finally {
    api.close();
  }
}

/** `wanted`: which of its names are exported on; all of them without it. */
function namesOf(
  path: string,
  wanted: readonly string[] | undefined,
  read: (path: string) => SourceFile,
): PublicName[] {
  const source = read(path);
  return source.statements.flatMap((statement) => {
    if (
      isExportDeclaration(statement) &&
      statement.moduleSpecifier &&
      isStringLiteral(statement.moduleSpecifier)
    ) {
      const from = join(dirname(path), statement.moduleSpecifier.text);
      const { exportClause } = statement;
      if (!exportClause) return namesOf(from, undefined, read);
      if (!isNamedExports(exportClause)) return [];
      const names = exportClause.elements.map(({ name, propertyName }) => (propertyName ?? name).text);
      return namesOf(from, wanted ? names.filter((name) => wanted.includes(name)) : names, read);
    }
    const name = nameOf(statement);
    const isExported = /^(\/\*[\s\S]*?\*\/\s*)*export\b/.test(statement.getText(source));
    if (name === undefined || !isExported || (wanted && !wanted.includes(name))) return [];
    const where = `${relative(ROOT, path)} ${name}`;
    if (PRESET.test(path)) return [];
    const members = PAYLOADS.test(path) ? [] : membersOf(statement);
    return [
      { name: where, isSaid: isSaid(statement, source) },
      ...members.map((member) => ({
        name: `${where}.${memberName(member)}`,
        isSaid: isSaid(member, source),
      })),
    ];
  });
}

function isSaid(node: Node, source: SourceFile): boolean {
  return source.text.slice(node.pos, node.getStart(source, false)).includes('/**');
}

function nameOf(statement: Node): string | undefined {
  if (isVariableStatement(statement)) {
    const { name } = statement.declarationList.declarations[0] ?? {};
    return name && isIdentifier(name) ? name.text : undefined;
  }
  const isNamed =
    isFunctionDeclaration(statement) ||
    isClassDeclaration(statement) ||
    isInterfaceDeclaration(statement) ||
    isTypeAliasDeclaration(statement);
  return isNamed ? statement.name?.text : undefined;
}

function membersOf(statement: Node): Node[] {
  const members: readonly Node[] =
    isInterfaceDeclaration(statement) || isClassDeclaration(statement)
      ? statement.members
      : isTypeAliasDeclaration(statement) && isTypeLiteralNode(statement.type)
        ? statement.type.members
        : [];
  return members.filter(isMember);
}

/** What overrides another one is said there. */
function isMember(node: Node): boolean {
  const isNamed =
    isPropertySignatureDeclaration(node) ||
    isMethodSignatureDeclaration(node) ||
    isPropertyDeclaration(node) ||
    isMethodDeclaration(node);
  return isNamed && !/^(static )?override /.test(node.getText());
}

function memberName(node: Node): string {
  const { name } = node as Node & { readonly name: Node & { readonly text?: string } };
  return name.text ?? '[…]';
}

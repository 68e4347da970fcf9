/** The table that the night ends with, 100 columns wide. Long words go on in the next line of their column. */
import type { Outcome } from './scene.ts';

export interface Played {
  readonly name: string;
  readonly isQuiet: boolean;
  readonly outcome?: Outcome;
  /** Why it was not played. */
  readonly skipped?: string;
}

const WIDTHS = [18, 6, 5, 5, 34, 27] as const;
const HEAD = ['row', 'sent', 'lost', 'told', 'by which words', 'recovered by'];

export function tableOf(played: readonly Played[]): string {
  const rows = [HEAD, ...played.map(cellsOf)].map(linesOf);
  return rows
    .map((lines) => lines.join('\n'))
    .join(`\n${WIDTHS.map((width) => '-'.repeat(width)).join(' ')}\n`);
}

function cellsOf({ name, outcome, skipped, isQuiet }: Played): string[] {
  if (!outcome) return [name, '', '', '', `not played: ${skipped}`, ''];
  const { sent, lost, told, recovered, faults } = outcome;
  const words = told ? told.words : isQuiet ? '(nothing to tell)' : 'NOBODY WAS TOLD';
  return [
    name,
    String(sent),
    String(lost),
    told ? `${(told.afterMs / 1_000).toFixed(0)} s` : '',
    [words, ...faults.map((fault) => `FAULT: ${fault}`)].join(' \n'),
    recovered || '-',
  ];
}

function linesOf(cells: readonly string[]): string[] {
  const columns = cells.map((cell, at) => wrap(cell, WIDTHS[at] as number));
  const height = Math.max(...columns.map((column) => column.length));
  return Array.from({ length: height }, (_, line) => {
    const parts = columns.map((column, at) => {
      const text = column[line] ?? '';
      return at >= 1 && at <= 3 ? text.padStart(WIDTHS[at] as number) : text.padEnd(WIDTHS[at] as number);
    });
    return parts.join(' ').trimEnd();
  });
}

function wrap(text: string, width: number): string[] {
  return text.split('\n').flatMap((part) => {
    const lines: string[] = [];
    let line = '';
    for (const word of part.trim().split(/\s+/)) {
      for (let rest = word; rest !== ''; ) {
        const room = width - line.length - (line === '' ? 0 : 1);
        if (rest.length <= room) {
          line = line === '' ? rest : `${line} ${rest}`;
          rest = '';
        } else if (line === '') {
          lines.push(rest.slice(0, width));
          rest = rest.slice(width);
        } else {
          lines.push(line);
          line = '';
        }
      }
    }
    return [...lines, line];
  });
}

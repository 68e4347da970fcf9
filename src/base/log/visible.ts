/**
 * Shows what a screen would obey instead of showing it: control characters (C0, DEL and C1), characters that turn or hide the
 * text around them (bidirectional and other format characters), and separators of lines. Whatever leaves for a terminal, a log
 * or a program goes through here. JSON gets the escape of such a character, so that nothing is lost; text gets U+FFFD.
 */
const OBEYED = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;
const OBEYED_IN_LINES = /(?![\n\t])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;
/** JSON has escaped the others already; of them it ends and indents its lines with some. */
const OBEYED_IN_JSON = /[\u007f-\u009f\p{Cf}\p{Zl}\p{Zp}]/gu;
const SHOWN = '\uFFFD';

/** In one line: a line feed is obeyed, too. */
export function visible(text: string): string {
  return text.replace(OBEYED, SHOWN);
}

/** Leaves line feeds and tabs, which the caller has made. */
export function visibleLines(text: string): string {
  return text.replace(OBEYED_IN_LINES, SHOWN);
}

/** Takes JSON text; what it means stays the same. */
export function visibleJson(json: string): string {
  // Nearly every line is ASCII, which is told much faster than by a pattern. There only DEL is one that JSON leaves.
  const isPlain = Buffer.byteLength(json) === json.length && !json.includes('\x7f');
  return isPlain ? json : json.replace(OBEYED_IN_JSON, escapesOf);
}

function escapesOf(character: string): string {
  return [...Array(character.length).keys()]
    .map((at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`)
    .join('');
}

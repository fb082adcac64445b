import { LinecardError } from '@linecard/wire';

/**
 * Splits a command line into words as a shell does, without anything else of a shell: blanks separate, quotes and
 * backslashes protect. Throws `LC_INVALID` for a quote that is not closed.
 */
export function splitWords(line: string): string[] {
  const words: string[] = [];
  const token = /\s+|'([^']*)'|"((?:[^"\\]|\\.)*)"|\\([\s\S])|([^\s'"\\]+)|(['"\\])/g;
  let word: string | undefined;
  for (const [text, single, double, escaped, plain, open] of line.matchAll(token)) {
    if (open !== undefined) throw new LinecardError('LC_INVALID', `a quote or backslash is left open in: ${line}`);
    const part = single ?? double?.replaceAll(/\\(["\\$`])/g, '$1') ?? escaped ?? plain;
    if (part === undefined && text.trim() === '') {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = (word ?? '') + (part ?? '');
  }
  return word === undefined ? words : [...words, word];
}

/** The number of insertions, deletions, replacements and swaps of neighbours that turn one text into the other. */
function distance(a: string, b: string): number {
  let previous: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const best = Math.min(next[j - 1]! + 1, row[j]! + 1, row[j - 1]! + cost);
      next.push(swapped ? Math.min(best, previous[j - 2]! + 1) : best);
    }
    [previous, row] = [row, next];
  }
  return row[b.length]!;
}

/** The word of `known` that `word` was probably meant to be; undefined when none is near. */
export function nearest(word: string, known: Iterable<string>): string | undefined {
  const plain = (text: string) => text.toLowerCase().replaceAll(/[-_]/g, '');
  const rated = [...known].map((one) => ({ one, rating: distance(plain(word), plain(one)) }));
  const [best] = rated.sort((a, b) => a.rating - b.rating);
  return best !== undefined && best.rating <= Math.max(1, Math.floor(word.length / 3)) ? best.one : undefined;
}

/** `did you mean "image"?`, or the whole list when nothing is near; undefined when nothing is known. */
export function didYouMean(word: string, known: readonly string[]): string | undefined {
  const near = nearest(word, known);
  if (near !== undefined) return `did you mean "${near}"?`;
  return known.length === 0 ? undefined : `known here: ${[...known].sort().join(', ')}`;
}

/** The value below which a share `p` (0 to 1) of the numbers lies; the middle one for 0.5. */
export function percentile(numbers, p) {
  const sorted = [...numbers].sort((a, b) => a - b);
  const at = (sorted.length - 1) * p;
  const [low, high] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]];
  return low + (high - low) * (at - Math.floor(at));
}

export const median = (numbers) => percentile(numbers, 0.5);

/** How many times as much the first is, of two things measured in turns: what disturbs one turn disturbs both. */
export const ratio = (ours, theirs) => median(ours.map((value, i) => value / theirs[i]));

export const ms = (value) => `${value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0)} ms`;

/** How long an asynchronous piece of work takes, in ms. */
export async function timed(work) {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/** One line of the table: `ok` is undefined for a line that is there to be read only. */
export function row(what, { ours, rival = '', floor = '', bar = '', ok }) {
  return { what, ours, rival, floor, bar, ok };
}

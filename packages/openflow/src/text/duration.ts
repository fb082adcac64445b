const millisecond = 1_000_000;

/** `5.006s`: seconds, with three decimals where milliseconds say it all, else with as many as matter. */
export function formatDuration(seconds: number, nanoseconds: number): string {
  if (nanoseconds === 0) return `${seconds}s`;
  const digits = String(nanoseconds).padStart(9, '0');
  return `${seconds}.${nanoseconds % millisecond === 0 ? digits.slice(0, 3) : digits.replace(/0+$/, '')}s`;
}

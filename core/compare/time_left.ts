/** How long a comparison still takes. */

/** What is known of the times of trainings. */
export interface Times {
  /** Those that are done. */
  readonly done: readonly { readonly method: string; readonly seconds: number }[];
  /** Methods of those that have not begun. */
  readonly waiting: readonly string[];
  /** The one under way: seconds so far, and how much of it is done, from 0 to 1. */
  readonly underWay?: { readonly method: string; readonly seconds: number; readonly share: number };
}

const TELLING = 0.02; // share of a training after which its speed can be told: the first iteration compiles

/**
 * Seconds until all trainings are done: each takes as long as those of its method before it, or as the others on
 * average.
 *
 * @returns null while nothing is known
 */
export function secondsLeft({ done, waiting, underWay }: Times): number | null {
  const known = [...done];
  if (underWay !== undefined && underWay.share >= TELLING) {
    known.push({ method: underWay.method, seconds: underWay.seconds / underWay.share });
  }
  if (known.length === 0) return null;
  const mean = (times: typeof known) => times.reduce((sum, { seconds }) => sum + seconds, 0) / times.length;
  const usual = (method: string) => {
    const own = known.filter((time) => time.method === method);
    return mean(own.length > 0 ? own : known);
  };
  const now = underWay === undefined
    ? 0
    : underWay.share >= TELLING
    ? underWay.seconds * (1 / underWay.share - 1)
    : Math.max(0, usual(underWay.method) - underWay.seconds);
  return now + waiting.reduce((sum, method) => sum + usual(method), 0);
}

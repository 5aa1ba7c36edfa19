/** How long a comparison still takes. */

/** What is known of the times of trainings, the scoring of each included. */
export interface Times {
  /** Those that are done, and what of it was scoring, where it was scored. */
  readonly done: readonly { readonly method: string; readonly seconds: number; readonly scoring?: number }[];
  /** Methods of those that have not begun. */
  readonly waiting: readonly string[];
  /** How many are trained already and have to be scored. */
  readonly toScore?: number;
  /** The one under way: seconds so far, and how much of it is done, from 0 to 1. */
  readonly underWay?: { readonly method: string; readonly seconds: number; readonly share: number };
}

const TELLING = 0.02; // share of a training after which its speed can be told: the first iteration compiles

/**
 * Seconds until all trainings are done: each takes as long as those of its method before it, or as the others on
 * average, and each scoring as the others.
 *
 * @returns null while nothing is known
 */
export function secondsLeft({ done, waiting, toScore = 0, underWay }: Times): number | null {
  const known: { method: string; seconds: number }[] = [...done];
  if (underWay !== undefined && underWay.share >= TELLING) {
    known.push({ method: underWay.method, seconds: underWay.seconds / underWay.share });
  }
  const scorings = done.flatMap(({ scoring }) => scoring ?? []);
  if (known.length === 0 || toScore > 0 && scorings.length === 0) return null;
  const mean = (times: readonly number[]) => times.reduce((sum, seconds) => sum + seconds, 0) / times.length;
  const usual = (method: string) => {
    const own = known.filter((time) => time.method === method);
    return mean((own.length > 0 ? own : known).map(({ seconds }) => seconds));
  };
  const now = underWay === undefined
    ? 0
    : underWay.share >= TELLING
    ? underWay.seconds * (1 / underWay.share - 1)
    : Math.max(0, usual(underWay.method) - underWay.seconds);
  const scoring = toScore === 0 ? 0 : toScore * mean(scorings);
  return now + scoring + waiting.reduce((sum, method) => sum + usual(method), 0);
}

/** What is told while an evaluation is under way. */

/** How far something is that takes time. */
export interface EvaluationProgress {
  /** Such as `Training a classifier`. */
  readonly doing: string;
  readonly done: number;
  readonly total: number;
}

/** Rows that wait for a pass. */

import type { Job, Row } from "./job.ts";
import { type Kind, MOST_ROWS } from "./passes.ts";

/** Rows of one request in a pass, while others of its kind wait. */
export const SHARE = MOST_ROWS / 2;

/** The queue of a sampler. */
export class RowQueue {
  readonly #rows: Row[] = [];

  /** Rows that wait, those of failed requests too. */
  get length(): number {
    return this.#rows.length;
  }

  /** Adds a row behind the others. */
  push(row: Row): void {
    this.#rows.push(row);
  }

  /** Adds rows before the others. */
  unshift(rows: readonly Row[]): void {
    this.#rows.unshift(...rows);
  }

  /**
   * The rows of the next pass: those of the first one's kind, first at most `SHARE` of each request so that a large one lets
   * small ones in, then what there is room for. Rows of other kinds come before the rest next time.
   */
  take(): Row[] {
    const [rows, rest, others]: Row[][] = [[], [], []];
    const shares = new Map<Job, number>();
    let kind: Kind | undefined;
    for (const row of this.#rows.splice(0)) {
      const { job } = row;
      if (job.missing === 0) continue; // failed
      kind ??= job.kind;
      if (job.kind !== kind) {
        others.push(row);
        continue;
      }
      const share = shares.get(job) ?? 0;
      shares.set(job, share + 1);
      (share < SHARE && rows.length < MOST_ROWS ? rows : rest).push(row);
    }
    rows.push(...rest.splice(0, MOST_ROWS - rows.length));
    for (const row of others) this.#rows.push(row);
    for (const row of rest) this.#rows.push(row);
    return rows;
  }
}

/** How something that takes time looks: one line that is rewritten on a terminal, a few plain lines elsewhere. */

import type { EvaluationProgress } from "../core/evaluate/progress.ts";

const PLAIN_STEP = 25; // percent between two lines where nothing can be rewritten

/**
 * Shows `Training a classifier (25 %)`.
 *
 * @param write Takes text for the terminal or the log
 */
export function doingDisplay(terminal: boolean, write: (text: string) => void): (progress: EvaluationProgress) => void {
  let shown = "";
  return ({ doing, done, total }) => {
    const percent = Math.floor(100 * done / total);
    const line = `${doing} (${terminal ? percent : percent - percent % PLAIN_STEP} %)`;
    if (line === shown) return;
    shown = line;
    write(terminal ? `\r\x1b[K${line}${done === total ? "\r\x1b[K" : ""}` : `${line}\n`);
  };
}

/** How the loading of a data set looks: one line that is rewritten on a terminal, a few plain lines elsewhere. */

import type { LoadOptions, LoadProgress } from "../datasets/dataset.ts";
import { printable } from "../datasets/printable.ts";
import { duration } from "./progress.ts";

const PLAIN_STEP = 25; // percent between two lines where nothing can be rewritten

/**
 * Where the data come from, as far as a user sees it: give it to `loadDataset`.
 *
 * @param write Takes text for the terminal or the log
 */
export function loadingDisplay(
  terminal: boolean,
  write: (text: string) => void,
): Pick<LoadOptions, "onProgress" | "onWarning"> {
  let shown = "";
  let open = false;
  return {
    onProgress: (progress) => {
      const percent = Math.floor(percentOf(progress));
      const state = `${progress.kind} ${nameOf(progress)} ${terminal ? percent : percent - percent % PLAIN_STEP}`;
      if (state === shown) return;
      shown = state;
      write(terminal ? `\r\x1b[K${loadingLine(progress)}${percent === 100 ? "\n" : ""}` : `${loadingLine(progress)}\n`);
      open = terminal && percent < 100;
    },
    onWarning: (warning) => {
      write(`${open ? "\n" : ""}${printable(warning)}\n`);
      open = false;
    },
  };
}

/** `Decoding 1500 of 6067 pictures of 102flowers.tgz (24 %, 5 s left)`. */
export function loadingLine(progress: LoadProgress): string {
  const percent = `${Math.floor(percentOf(progress))} %`;
  if (progress.kind === "download") {
    const { file, bytes, total } = progress;
    return `Downloading ${file}: ${(bytes / 1e6).toFixed(1)} MB${total === null ? "" : ` (${percent})`}`;
  }
  const { done, total, secondsLeft } = progress;
  const left = secondsLeft === null || done === total ? "" : `, ${duration(secondsLeft)} left`;
  return `Decoding ${done} of ${total} pictures of ${nameOf(progress)} (${percent}${left})`;
}

function percentOf(progress: LoadProgress): number {
  if (progress.kind === "decode") return 100 * progress.done / progress.total;
  return progress.total === null ? 0 : 100 * progress.bytes / progress.total;
}

/** The last part of the path of a file, or of a folder. */
function nameOf(progress: LoadProgress): string {
  if (progress.kind === "download") return progress.file;
  return printable(progress.source.split(/[/\\]/).findLast((part) => part !== "") ?? progress.source);
}

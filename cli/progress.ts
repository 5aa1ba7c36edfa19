/** How a run in progress looks: one line that is rewritten on a terminal, plain lines now and then elsewhere. */

/** What is shown of an iteration. */
export interface Progress {
  iteration: number;
  iterations: number;
  criticLoss: number;
  generatorLoss: number;
  /** Undefined while nothing but the first iteration can tell, which compiles. */
  speed?: { imagesPerSecond: number; secondsLeft: number };
}

/** `500/1500  critic -3.214  generator 1.207  533 images/s  10 min left`. */
export function progressLine(progress: Progress): string {
  const { iteration, iterations, criticLoss, generatorLoss, speed } = progress;
  return [
    `${String(iteration).padStart(String(iterations).length)}/${iterations}`,
    `critic ${criticLoss.toFixed(3)}`,
    `generator ${generatorLoss.toFixed(3)}`,
    ...speed === undefined ? [] : [`${speed.imagesPerSecond.toFixed(speed.imagesPerSecond < 10 ? 1 : 0)} images/s`],
    ...iteration === iterations ? ["done"] : speed === undefined ? [] : [`${duration(speed.secondsLeft)} left`],
  ].join("  ");
}

/** `45 s`, `10 min`, `3 h 20 min`. */
export function duration(seconds: number): string {
  if (seconds < 100) return `${Math.ceil(seconds)} s`;
  const minutes = Math.ceil(seconds / 60);
  if (minutes < 100) return `${minutes} min`;
  return minutes % 60 === 0 ? `${minutes / 60} h` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

const REWRITES = 100; // ms between two states of the line on a terminal
const USUAL_COLUMNS = 80; // where a terminal does not say how wide it is, or says 0
const PLAIN_LINES = 20; // in a run, elsewhere,
const PLAIN_GAP = 30_000; // ms: and more, so that it is not silent for longer
const FIRST_COUNTED = 3; // iterations measured before one has a speed
const RECENT = 0.05; // weight of an iteration in the mean of the recent ones

/** Shows a run: `write` takes text for the terminal or the log. */
export class ProgressDisplay {
  #last = -Infinity;
  #open = false;
  #time: number;
  #count = 0;
  #mean = 0; // ms of recent iterations

  constructor(
    readonly options: {
      iterations: number;
      /** Images of an iteration. */
      images: number;
      terminal: boolean;
      write: (text: string) => void;
      columns?: () => number;
      now?: () => number;
    },
  ) {
    this.#time = this.#now();
  }

  /** Shows an iteration that was measured. */
  measured({ iteration, criticLoss, generatorLoss }: Record<string, number>): void {
    const { iterations, images, terminal, write, columns = () => USUAL_COLUMNS } = this.options;
    const now = this.#now();
    this.#average(now - this.#time);
    this.#time = now;
    const due = now - this.#last >= (terminal ? REWRITES : PLAIN_GAP); // the first one always is
    const counted = !terminal && iteration % Math.ceil(iterations / PLAIN_LINES) === 0;
    if (!due && !counted && iteration !== iterations) return;
    this.#last = now;
    const line = progressLine({
      iteration,
      iterations,
      criticLoss,
      generatorLoss,
      speed: this.#count < FIRST_COUNTED ? undefined : {
        imagesPerSecond: images * 1000 / this.#mean,
        secondsLeft: (iterations - iteration) * this.#mean / 1000,
      },
    });
    if (terminal) write(`\r\x1b[K${line.slice(0, (columns() || USUAL_COLUMNS) - 1)}`);
    else write(`${line}\n`);
    this.#open = terminal;
  }

  /** Forgets how fast iterations were: those to come are others. */
  restart(): void {
    this.#count = 0;
    this.#time = this.#now();
  }

  /** Writes a line of its own. */
  line(text: string): void {
    this.options.write(`${this.#open ? "\n" : ""}${text}\n`);
    this.#open = false;
  }

  /** The first iteration compiles, and the second is under way meanwhile: neither tells how fast the others are. */
  #average(ms: number): void {
    this.#count++;
    if (this.#count <= FIRST_COUNTED) this.#mean = ms;
    else this.#mean += Math.max(RECENT, 1 / (this.#count - FIRST_COUNTED + 1)) * (ms - this.#mean);
  }

  #now(): number {
    return (this.options.now ?? (() => performance.now()))();
  }
}

/** Lines to a file or to the standard output, gathered, so that a line costs a request next to nothing. */

import { orRunError } from "../core/sampling/write.ts";

const WRITE_EVERY = 200; // ms
const MOST_CHARACTERS = 1 << 20; // that wait; where the disk is slower than that, lines are left out and counted

/** Writes lines; a log that cannot be written stops no server. */
export class LogWriter implements AsyncDisposable {
  #waiting: string[] = [];
  #characters = 0;
  #lost = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #writing: Promise<void> = Promise.resolve();

  private constructor(
    readonly sink: { write(bytes: Uint8Array): Promise<number> },
    readonly file: Disposable | null,
  ) {}

  /**
   * A writer that adds to a file, or to the standard output where `path` is null.
   *
   * @throws {RunError} If the file cannot be opened
   */
  static async open(path: string | null): Promise<LogWriter> {
    if (path === null) return new LogWriter(Deno.stdout, null);
    const open = () => Deno.open(path, { append: true, create: true });
    const file = await orRunError("write the access log", path, open);
    return new LogWriter(file, file);
  }

  /** Adds a line; it is written soon. */
  write(line: string): void {
    if (this.#characters > MOST_CHARACTERS) {
      this.#lost++;
      return;
    }
    this.#waiting.push(line);
    this.#characters += line.length;
    this.#timer ??= setTimeout(() => this.#flush(), WRITE_EVERY);
  }

  /** Writes what is left. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#timer);
    this.#flush();
    await this.#writing;
    this.file?.[Symbol.dispose]();
  }

  #flush(): void {
    this.#timer = undefined;
    const lines = this.#lost > 0 ? [...this.#waiting, JSON.stringify({ lostLines: this.#lost })] : this.#waiting;
    [this.#waiting, this.#characters, this.#lost] = [[], 0, 0];
    if (lines.length > 0) this.#writing = this.#writing.then(() => this.#put(`${lines.join("\n")}\n`)).catch(() => {});
  }

  async #put(text: string): Promise<void> {
    const bytes = new TextEncoder().encode(text);
    for (let written = 0; written < bytes.length;) written += await this.sink.write(bytes.subarray(written));
  }
}

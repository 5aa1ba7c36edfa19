/** Another program that answers requests: a line of JSON in, a line of JSON out. */

/** A peer that cannot be asked: it is not there, it failed, or it took too long. */
export class PeerError extends Error {
  override name = "PeerError";
}

/** How a peer is started. */
export interface PeerCommand {
  program: string;
  args: readonly string[];
  env?: Record<string, string>;
}

/** A running peer. */
export class Peer {
  readonly #child: Deno.ChildProcess;
  readonly #lines: ReadableStreamDefaultReader<string>;
  readonly #input: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #errors: Promise<string>;
  #rest = "";

  private constructor(child: Deno.ChildProcess) {
    this.#child = child;
    this.#lines = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    this.#input = child.stdin.getWriter();
    this.#errors = new Response(child.stderr).text();
  }

  /** @throws {PeerError} If there is no such program */
  static start({ program, args, env }: PeerCommand): Peer {
    try {
      const pipes = { stdin: "piped", stdout: "piped", stderr: "piped" } as const;
      return new Peer(new Deno.Command(program, { args: [...args], env, ...pipes }).spawn());
    } catch (error) {
      throw new PeerError(`Cannot start ${program}: ${(error as Error).message}`);
    }
  }

  /** Sends a request and waits for the answer, at most so long. */
  async ask<Answer>(request: unknown, deadlineMs: number): Promise<Answer> {
    await this.#input.write(new TextEncoder().encode(`${JSON.stringify(request)}\n`)).catch(() => {});
    return await this.answer(deadlineMs);
  }

  /**
   * The next line the peer prints.
   *
   * @throws {PeerError} If it ends, prints something else, or the deadline passes; it is ended then
   */
  async answer<Answer>(deadlineMs: number): Promise<Answer> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_, reject) => {
      const message = `Cannot wait longer: no answer after ${Math.round(deadlineMs / 1000)} s`;
      timer = setTimeout(() => reject(new PeerError(message)), deadlineMs);
    });
    try {
      return JSON.parse(await Promise.race([this.#line(), late]));
    } catch (error) {
      this.#kill();
      throw error instanceof PeerError ? error : new PeerError(`Cannot read an answer: ${(error as Error).message}`);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Ends the peer. */
  async close(): Promise<void> {
    await this.#input.close().catch(() => {});
    const timer = setTimeout(() => this.#kill(), 5000);
    await this.#child.status;
    clearTimeout(timer);
    await this.#lines.cancel().catch(() => {});
    await this.#errors;
  }

  async #line(): Promise<string> {
    while (!this.#rest.includes("\n")) {
      const { value, done } = await this.#lines.read();
      if (done) throw new PeerError(`Cannot go on: it ended with "${reasonOf(await this.#errors)}"`);
      this.#rest += value;
    }
    const end = this.#rest.indexOf("\n");
    const line = this.#rest.slice(0, end);
    this.#rest = this.#rest.slice(end + 1);
    return line;
  }

  #kill(): void {
    try {
      this.#child.kill("SIGKILL");
    } catch { /* it has ended */ }
  }
}

/** The line that says what is wrong, or the last one. */
function reasonOf(text: string): string {
  const lines = text.trim().split("\n").map((line) => line.trim());
  return lines.findLast((line) => /error\b/i.test(line)) ?? lines.at(-1) ?? "";
}

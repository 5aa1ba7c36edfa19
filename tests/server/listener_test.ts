import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { ServerResponse } from "node:http";
import { Listener } from "../../server/listener.ts";

const PLACE = { host: "127.0.0.1", port: 0 };
const TIMES = { headers: 300, request: 600 };
const SOON = 5000; // ms, far more than any of the times above
const QUICK = { grace: 0, patience: 0 };

type Handler = (request: Request, client?: string) => Response | Promise<Response>;

async function withListener(handler: Handler, test: (listener: Listener) => Promise<void>): Promise<void> {
  const listener = await Listener.open(handler, PLACE, TIMES);
  try {
    await test(listener);
  } finally {
    await listener.drain(QUICK);
  }
}

function connect({ url }: Listener): Promise<Deno.TcpConn> {
  return Deno.connect({ hostname: PLACE.host, port: Number(new URL(url).port) });
}

async function send(connection: Deno.TcpConn, text: string): Promise<void> {
  const bytes = new TextEncoder().encode(text);
  for (let sent = 0; sent < bytes.length;) sent += await connection.write(bytes.subarray(sent));
}

/** What is answered to raw bytes, until the server ends the connection. */
async function answerTo(listener: Listener, text: string): Promise<string> {
  using connection = await connect(listener);
  await send(connection, text);
  const timer = setTimeout(() => connection.close(), SOON);
  let answer = "";
  const decoder = new TextDecoder();
  for await (const piece of connection.readable) {
    answer += decoder.decode(piece);
    if (answer.endsWith("}")) break; // a whole answer in JSON; the connection may stay
  }
  clearTimeout(timer);
  return answer;
}

const OK: Handler = async (request) => new Response(String((await request.bytes()).length));

/** The status and the code of a JSON answer. */
function refusalIn(answer: string): [status: number, code: string] {
  assertStringIncludes(answer.toLowerCase(), "content-type: application/json");
  const { error } = JSON.parse(answer.slice(answer.indexOf("\r\n\r\n") + 4));
  assertEquals(Object.keys(error), ["code", "message", "parameter"]);
  return [Number(answer.split(" ")[1]), error.code];
}

Deno.test("Listener answers what never becomes a request with JSON, and ends the connection", () =>
  withListener(OK, async (listener) => {
    const cases: [text: string, status: number, code: string][] = [
      [`GET / HTTP/1.1\r\nx: ${"a".repeat(100_000)}\r\n\r\n`, 431, "large_headers"],
      [`GET /${"a".repeat(100_000)} HTTP/1.1\r\n\r\n`, 431, "large_headers"],
      ["nonsense\r\n\r\n", 400, "bad_request"],
      ["GET / HTTP/1.1\r\ncontent-length: x\r\n\r\n", 400, "bad_request"],
      ["POST / HTTP/1.1\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\nab", 400, "bad_request"],
      ["GET /\xff HTTP/1.1\r\n\r\n", 400, "bad_request"],
      ["CONNECT a:80 HTTP/1.1\r\n\r\n", 405, "method_not_allowed"],
    ];
    for (const [text, status, code] of cases) {
      assertEquals(refusalIn(await answerTo(listener, text)), [status, code], text.slice(0, 40));
    }
  }));

Deno.test("Listener gives up on headers and bodies that do not come, with 408", () =>
  withListener(OK, async (listener) => {
    for (const text of ["", "GET / HTTP/1.1\r\nx: ", "POST / HTTP/1.1\r\ncontent-length: 10\r\n\r\nab"]) {
      assertEquals(refusalIn(await answerTo(listener, text)), [408, "slow_request"], text);
    }
  }));

Deno.test("Listener passes bodies on, takes requests without a host, and tells who asked", () =>
  withListener(async (request, client) => {
    return new Response(
      `${request.method} ${new URL(request.url).pathname} ${client} ${(await request.text()).length}`,
    );
  }, async ({ url }) => {
    const text = async (path: string, init?: RequestInit) => await (await fetch(url + path, init)).text();
    assertEquals(await text("/a"), "GET /a 127.0.0.1 0");
    assertEquals(await text("/b", { method: "POST", body: "x".repeat(3_000_000) }), "POST /b 127.0.0.1 3000000");
    const streamed = ReadableStream.from(["ab", "cd"]).pipeThrough(new TextEncoderStream());
    assertEquals(await text("/c", { method: "POST", body: streamed }), "POST /c 127.0.0.1 4");
  }));

Deno.test("Listener aborts the request of a client that has gone, and survives bodies that break off", async () => {
  const aborted = Promise.withResolvers<string>();
  const arrived = Promise.withResolvers<void>();
  const wait: Handler = async ({ signal }) => {
    arrived.resolve();
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    aborted.resolve("aborted");
    return new Response("");
  };
  await withListener(wait, async ({ url }) => {
    const client = new AbortController();
    const asked = fetch(url, { signal: client.signal }).catch(() => {});
    await arrived.promise;
    client.abort();
    assertEquals(await aborted.promise, "aborted");
    await asked;
  });
  await withListener(OK, async (listener) => {
    const connection = await connect(listener);
    await send(connection, "POST / HTTP/1.1\r\ncontent-length: 10\r\n\r\nab");
    connection.close();
    assertEquals(await (await fetch(listener.url)).text(), "0");
  });
});

/** Reads the beginning of a body and wants no more of it, as a server does that finds it too large. */
const IMPATIENT: Handler = async ({ body }) => {
  const reader = body?.getReader();
  await reader?.read();
  await Promise.race([reader?.cancel(), new Promise((resolve) => setTimeout(resolve, 20))]);
  return Response.json({});
};

Deno.test("Listener finds the next request behind a body that nobody read to its end", async () => {
  const large = "x".repeat(3_000_000);
  const bodies = [
    `content-length: ${large.length}\r\n\r\n${large}`,
    `transfer-encoding: chunked\r\n\r\n${large.length.toString(16)}\r\n${large}\r\n0\r\n\r\n`,
  ];
  for (const handler of [IMPATIENT, () => Response.json({})]) {
    await withListener(handler, async (listener) => {
      for (const body of bodies) {
        using connection = await connect(listener);
        const sent = send(connection, `POST / HTTP/1.1\r\n${body}GET / HTTP/1.1\r\n\r\n`);
        const timer = setTimeout(() => connection.close(), SOON);
        let text = "";
        for await (const piece of connection.readable.pipeThrough(new TextDecoderStream())) {
          text += piece;
          if (text.split("HTTP/1.1 200").length === 3 && text.endsWith("}")) break;
        }
        clearTimeout(timer);
        await sent;
        assertEquals(text.split("HTTP/1.1 200").length - 1, 2, body.slice(0, 20));
      }
    });
  }
});

Deno.test("Listener ends the connection of a client that goes on with a body that was answered", () =>
  withListener(IMPATIENT, async (listener) => {
    using connection = await connect(listener);
    await send(connection, "POST / HTTP/1.1\r\ncontent-length: 100\r\n\r\nab");
    const start = performance.now();
    await new Response(connection.readable).text().catch(() => ""); // cut off, in either way
    assert(performance.now() - start < SOON);
  }));

Deno.test("Listener closes connections that are too many, and takes new ones when others have gone", () =>
  withListener(() => Response.json({}), async (listener) => {
    assert(listener.server.maxConnections < 1000, "of 1024 files that a process often may have");
    listener.server.maxConnections = 2;
    const open = [await connect(listener), await connect(listener)];
    for (const connection of open) {
      await send(connection, "GET / HTTP/1.1\r\n\r\n");
      assert(await connection.read(new Uint8Array(1)) === 1);
    }
    assertEquals(await answerTo(listener, "").catch(() => ""), "");
    for (const connection of open) connection.close();
    for (let answer = ""; !answer.startsWith("HTTP/1.1 200");) {
      answer = await answerTo(listener, "GET / HTTP/1.1\r\n\r\n").catch(() => "");
    }
  }));

Deno.test("Listener aborts requests that were sent ahead and waits for none of them when their client has gone", async () => {
  const signals: AbortSignal[] = [];
  const listener = await Listener.open(({ signal }) => {
    signals.push(signal);
    return new Promise((resolve) => signal.addEventListener("abort", () => resolve(Response.json({}))));
  }, PLACE);
  const connection = await connect(listener);
  await send(connection, "GET / HTTP/1.1\r\n\r\n".repeat(20));
  await until(() => signals.length > 1);
  connection.close();
  await until(() => signals.every(({ aborted }) => aborted));
  const start = performance.now();
  await listener.drain({ grace: SOON, patience: SOON });
  assert(performance.now() - start < SOON);
});

/** Waits for something to come true, which the test then needs not say. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 10));
}

Deno.test("Listener passes events on as they come and ends their stream with the client", async () => {
  const cancelled = Promise.withResolvers<void>();
  const stream: Handler = () =>
    new Response(
      new ReadableStream({
        start: (controller) => controller.enqueue(new TextEncoder().encode("data: 1\n\n")),
        cancel: () => cancelled.resolve(),
      }),
      { headers: { "content-type": "text/event-stream" } },
    );
  await withListener(stream, async ({ url }) => {
    const reader = (await fetch(url)).body!.getReader();
    assertEquals(new TextDecoder().decode((await reader.read()).value), "data: 1\n\n");
    await reader.cancel();
    await cancelled.promise;
  });
});

Deno.test("Listener leaves nothing behind each time a stream has waited for its client", () => {
  const piece = new Uint8Array(1 << 20);
  const pieces = 20;
  const stream: Handler = () =>
    new Response(ReadableStream.from(Array(pieces).fill(piece)), { headers: { "content-type": "text/event-stream" } });
  return withListener(stream, async ({ server, url }) => {
    let most = 0;
    server.on("request", (_, outgoing: ServerResponse) => {
      outgoing.on("drain", () => most = Math.max(most, outgoing.listenerCount("close")));
    });
    assertEquals((await (await fetch(url)).bytes()).length, pieces * piece.length);
    assert(most > 0 && most < 5, `${most} listeners`);
  });
});

Deno.test("Listener.drain() lets answers out, takes requests meanwhile, then none", async () => {
  const gate = Promise.withResolvers<void>();
  const listener = await Listener.open(async (request) => {
    if (request.url.endsWith("/slow")) await gate.promise;
    return new Response("done");
  }, PLACE);
  const { url } = listener;
  const slow = fetch(`${url}/slow`).then((response) => response.text());
  assertEquals(await (await fetch(url)).text(), "done"); // the one before has arrived
  const drained = listener.drain({ grace: SOON, patience: SOON });
  assertEquals(await (await fetch(url)).text(), "done");
  gate.resolve();
  assertEquals(await slow, "done");
  await drained;
  assert(await fetch(url).then(() => false, () => true));
});

Deno.test("Listener.drain() waits no longer than it is told", async () => {
  const arrived = Promise.withResolvers<void>();
  const listener = await Listener.open(() => {
    arrived.resolve();
    return new Promise<Response>(() => {});
  }, PLACE);
  const asked = fetch(listener.url).then(() => "answered", () => "cut off");
  await arrived.promise;
  await listener.drain({ grace: 100, patience: 100 });
  assertEquals(await asked, "cut off");
});

/** Which format an answer has: that of the path's ending, or the one the client likes best. */

import { accepts } from "@std/http";
import type { Context } from "hono";
import { RequestError } from "../errors.ts";

/**
 * The media type to answer with; where the path leaves no choice, that one, whatever the client says (`curl --json` says it
 * wants JSON of whom it sends JSON).
 *
 * @throws {RequestError} 406 where the client wants none of them
 */
export function preferredType(c: Context, types: readonly string[]): string {
  const wanted = c.req.header("accept");
  if (types.length === 1 || wanted === undefined || wanted === "*/*") return types[0];
  const type = accepts(c.req.raw, ...types);
  if (type !== undefined) return type;
  const found = JSON.stringify(wanted.slice(0, 64));
  const expected = `${types.slice(0, -1).join(", ")} or ${types.at(-1)}`;
  throw new RequestError(406, "not_acceptable", `Cannot answer with ${found}: expected ${expected}`, "accept");
}

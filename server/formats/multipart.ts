/** Several answers in one body: `multipart/form-data` (RFC 7578) whose bytes depend on its parts alone. */

import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";

/** One answer of several. */
export interface Part {
  name: string;
  /** Media type of the body. */
  type: string;
  body: Uint8Array | string;
  /** Of a part that is a file. */
  filename?: string;
}

/**
 * The parts as one body, with the media type that names the boundary between them. The boundary is a hash of the parts:
 * equal parts give equal bytes, which a random one would not, and none of them contains it.
 */
export function multipartOf(parts: readonly Part[]): { type: string; body: Uint8Array<ArrayBuffer> } {
  const encoder = new TextEncoder();
  const bodies = parts.map(({ body }) => typeof body === "string" ? encoder.encode(body) : body);
  const hash = createHash("sha256");
  for (const body of bodies) hash.update(body);
  const boundary = `hmog-${hash.digest("hex").slice(0, 32)}`;
  const pieces = parts.flatMap(({ name, type, filename }, i) => {
    const file = filename === undefined ? "" : `; filename="${filename}"`;
    const disposition = `content-disposition: form-data; name="${name}"${file}`;
    return [
      encoder.encode(`${i === 0 ? "" : "\r\n"}--${boundary}\r\n${disposition}\r\ncontent-type: ${type}\r\n\r\n`),
      bodies[i],
    ];
  });
  pieces.push(encoder.encode(`\r\n--${boundary}--\r\n`));
  return { type: `multipart/form-data; boundary=${boundary}`, body: Buffer.concat(pieces) };
}

/** Short names for long texts. */

const BYTES = 12; // enough that no two of some thousand texts ever have the same

/** The SHA-256 hash of a value as JSON, cut short, in hexadecimal. */
export async function hashOf(value: unknown): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(JSON.stringify(value)));
  return Array.from(new Uint8Array(digest, 0, BYTES), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** A worker that makes files into images of one size: the other end of `DecodePool`. */

import { loadDecoder } from "./decode.ts";
import { type ImageFormat, imageOf } from "./picture.ts";
import type { Fault } from "./picture_files.ts";

/** A file to be made into an image. */
export interface DecodeRequest {
  readonly name: string;
  readonly content: Uint8Array<ArrayBuffer>;
  readonly format: ImageFormat;
}

/** The image `[size, size, channels]`, or what is wrong with the file. */
export type DecodeAnswer = { readonly name: string } & ({ readonly pixels: Uint8Array<ArrayBuffer> } | Fault);

/** An error of the program itself, whatever the file holds. */
export interface DecodeFailure {
  readonly name: string;
  readonly failure: string;
}

/** What is used of the worker's own scope: its types and those of the main program exclude each other. */
const scope = self as unknown as {
  onmessage: (event: MessageEvent<DecodeRequest>) => void;
  postMessage(answer: DecodeAnswer | DecodeFailure, transfer: Transferable[]): void;
};

const decoder = loadDecoder();
decoder.catch(() => {}); // every request tells

scope.onmessage = async ({ data: { name, content, format } }) => {
  try {
    const decode = await decoder;
    const pixels = imageOf(decode(content), format);
    scope.postMessage({ name, pixels }, [pixels.buffer]);
  } catch (error) {
    if (error instanceof SyntaxError) scope.postMessage({ name, fault: error.message }, []);
    else scope.postMessage({ name, failure: String(error) }, []);
  }
};

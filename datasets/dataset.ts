/** What a data set is to the rest of the program, and how one is asked for. */

/** Labelled images of one size, in memory. */
export interface ImageDataset {
  /** The name it is asked for by, such as `fashionmnist`. */
  readonly name: string;
  /** Pixels as bytes `[count, height, width, channels]`, row-major: 0 is black, 255 is white. */
  readonly images: Uint8Array;
  readonly shape: readonly [count: number, height: number, width: number, channels: number];
  /** Class of each image `[count]`, an index of `classNames`. */
  readonly labels: Uint8Array;
  readonly classNames: readonly string[];
  /**
   * SHA-256 over the bytes of `images`, then of `labels`, in hexadecimal: equal data have equal fingerprints,
   * however their files were packed.
   */
  readonly fingerprint: string;
  /** The folder the files were read from. */
  readonly source: string;
}

/** The part of a data set: what a model learns from, or what was kept aside to test it. */
export type Split = "train" | "test";

/** How much of a file has arrived. */
export interface DownloadProgress {
  /** The file as its publisher names it. */
  readonly file: string;
  readonly url: string;
  /** Bytes received so far. */
  readonly bytes: number;
  /** Bytes of the whole file, or null if the mirror does not say. */
  readonly total: number | null;
}

/** Where a data set is looked for, and who hears of a download. */
export interface LoadOptions {
  /** Default `train`. */
  readonly split?: Split;
  /** The folder with the files, or with a subfolder for the set. If given, no other place is tried. */
  readonly dataDir?: string;
  /** Called at the start of each download and for every chunk of it. */
  readonly onProgress?: (progress: DownloadProgress) => void;
  /** Aborts a download; what had arrived of the file is removed. */
  readonly signal?: AbortSignal;
  /** A mirror that sends nothing for so long, in ms, is given up; default 20,000. */
  readonly stallTime?: number;
  /** Environment variables; default those of the process. */
  readonly env?: (name: string) => string | undefined;
  /** Folders of the system's packages; default `SYSTEM_FOLDERS`. */
  readonly systemFolders?: readonly string[];
}

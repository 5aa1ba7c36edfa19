/** What a data set is to the rest of the program, and how one is asked for. */

/** Classes of images `[count]`, each an index of the class names; wider numbers where there are more than 256. */
export type Labels = Uint8Array | Uint16Array;

/** Images of one size, in memory. */
export interface ImageDataset {
  /** The name it is asked for by, such as `fashionmnist`. */
  readonly name: string;
  /** Pixels as bytes `[count, height, width, channels]`, row-major: 0 is black, 255 is white. */
  readonly images: Uint8Array;
  readonly shape: readonly [count: number, height: number, width: number, channels: number];
  /** Class of each image; null where the files tell of none. */
  readonly labels: Labels | null;
  /** Empty without labels; a class may have no image. */
  readonly classNames: readonly string[];
  /**
   * SHA-256 over the bytes of `images`, then of `labels`, in hexadecimal: equal data have equal fingerprints,
   * however their files were packed.
   */
  readonly fingerprint: string;
  /** The folder or archive the images were read from, or `code with seed 0` where they are drawn. */
  readonly source: string;
}

/** The part of a data set: what a model learns from, or what was kept aside to test it. */
export type Split = "train" | "test";

/** How much of a file has arrived. */
export interface DownloadProgress {
  readonly kind: "download";
  /** The file as its publisher names it. */
  readonly file: string;
  readonly url: string;
  /** Bytes received so far. */
  readonly bytes: number;
  /** Bytes of the whole file, or null if the mirror does not say. */
  readonly total: number | null;
}

/** How many pictures have been decoded. */
export interface DecodeProgress {
  readonly kind: "decode";
  /** The folder or archive the pictures lie in. */
  readonly source: string;
  readonly done: number;
  readonly total: number;
  /** Time until all are done, in s; null while too few are. */
  readonly secondsLeft: number | null;
}

/** What takes time before a data set is there. */
export type LoadProgress = DownloadProgress | DecodeProgress;

/** Where a data set is looked for, what is made of it, and who hears of that. */
export interface LoadOptions {
  /** Default `train`. */
  readonly split?: Split;
  /**
   * The folder with the files, or with a subfolder for the set; for `folder` the pictures themselves, a folder or an
   * archive. If given, no other place is tried; sets drawn by code refuse it.
   */
  readonly dataDir?: string;
  /** Side of the images in pixels; the default depends on the set: 32 for the family of MNIST, 64 for photographs. */
  readonly size?: number;
  /** 1 for grey, 3 for colour; the default is what the set is known by. */
  readonly channels?: 1 | 3;
  /** Called at the start of each download and for every chunk of it, and while pictures are decoded. */
  readonly onProgress?: (progress: LoadProgress) => void;
  /** Hears of what does not stop the loading: pictures left out, a cache that cannot be written. */
  readonly onWarning?: (warning: string) => void;
  /** Aborts downloading and decoding; nothing half-done stays. */
  readonly signal?: AbortSignal;
  /** A mirror that sends nothing for so long, in ms, is given up; default 20,000. */
  readonly stallTime?: number;
  /** Environment variables; default those of the process. */
  readonly env?: (name: string) => string | undefined;
  /** Folders of the system's packages; default `SYSTEM_FOLDERS`. */
  readonly systemFolders?: readonly string[];
}

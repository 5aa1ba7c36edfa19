/** What the system says where it does not give a file. */

/** The reason alone: `Permission denied` for `Permission denied (os error 13): open 'a.zip'`. */
export const reasonOf = (error: unknown): string => (error as Error).message.split(" (os error")[0];

/**
 * What `asked` gives.
 *
 * @param action What is tried, and `wanted` what should be there: `Cannot <action>: permission denied, expected <wanted>`
 * @throws An error of the system as one of the same class with that sentence; others as they are
 */
export async function orSentence<T>(asked: Promise<T>, action: string, wanted: string): Promise<T> {
  try {
    return await asked;
  } catch (error) {
    if (!(error instanceof Error) || reasonOf(error) === error.message) throw error;
    const reason = reasonOf(error).replace(/^./, (first) => first.toLowerCase());
    throw new (error.constructor as ErrorConstructor)(`Cannot ${action}: ${reason}, expected ${wanted}`, {
      cause: error,
    });
  }
}

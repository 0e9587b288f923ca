/** Asks once, whoever wants to know; what was not there, or could not be told, is asked for again. */
export function remembered<Value>(read: () => Promise<Value | undefined>): () => Promise<Value | undefined> {
  let known: Promise<Value | undefined> | undefined;
  return async () => {
    known ??= read();
    try {
      const value = await known;
      if (value === undefined) known = undefined;
      return value;
    } catch (error) {
      known = undefined;
      throw error;
    }
  };
}

/** How often to look whether the engine is still there. */
const WATCH_MS = 250;

/**
 * Ends this process with the engine that started it: on the engine's interrupt, which comes at every normal end, and
 * when the engine is killed. Without that an orphan would go on and create objects that nobody records.
 * @param stop finishes the calls in flight
 */
export function endWithParent(stop: () => Promise<void>): void {
  const parent = process.ppid;
  let ending = false;
  const end = (): void => {
    if (ending) return;
    ending = true;
    stop().then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };
  process.on("SIGINT", end);
  process.on("SIGTERM", end);
  // Nothing tells a process that its parent died; it is handed to another parent.
  setInterval(() => {
    if (process.ppid !== parent) end();
  }, WATCH_MS);
}

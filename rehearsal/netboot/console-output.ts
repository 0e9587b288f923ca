/** Gives the emulator what a machine has printed: EC2's GetConsoleOutput answers it. */
export async function publishConsole(endpoint: string, id: string, text: Buffer): Promise<void> {
  const answer = await fetch(`${endpoint}/moonback/console?instance=${id}`, { method: "PUT", body: new Uint8Array(text), signal: AbortSignal.timeout(5_000) });
  if (!answer.ok) throw new Error(`the emulator answered ${answer.status} to the console of ${id}`);
}

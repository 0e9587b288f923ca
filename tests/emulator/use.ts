import { Aws } from "./aws.ts";
import { startEmulator, type Emulator } from "./start.ts";

/** Starts an emulator before the tests of a suite and ends it after them; `take` is given it, and AWS at it. */
export function useEmulator(take: (emulator: Emulator, aws: Aws) => void): void {
  let emulator: Emulator;
  let aws: Aws;
  before(async () => {
    emulator = await startEmulator();
    aws = new Aws(emulator.endpoint);
    take(emulator, aws);
  });
  after(async () => {
    aws.destroy();
    await emulator.stop();
  });
}

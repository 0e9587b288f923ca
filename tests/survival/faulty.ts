import { expect } from "chai";
import { Trial, type Ran } from "../trial.ts";
import { faultsOf } from "./killing.ts";

type Run = ReturnType<Trial["start"]>;

/** The stage that most faults are shown with: the quickest to build. */
export const network = ["--through", "network"] as const;

/** A trial whose world runs and holds nothing: faults can wait there for the first `up`. */
export async function emptyWorld(): Promise<Trial> {
  const trial = new Trial();
  await trial.must("preview", "--stage", "network");
  return trial;
}

/** What a run that was started has ended with. */
export async function ended(run: Run): Promise<Ran> {
  const { exitCode, stdout, stderr } = await run;
  return { code: exitCode, stdout, stderr };
}

/** A failure as a person should see it: this exit code, these words, what to do next, and nothing that is for programmers. */
export function expectTold({ code, stderr }: Ran, exitCode: number, ...words: readonly string[]): void {
  expect(code, stderr).to.equal(exitCode);
  for (const word of [...words, "◎ next: "]) expect(stderr).to.include(word);
  expect(stderr).to.not.match(/This is a bug|^\s+at .+:\d+:\d+\)?$/m);
}

/** The fault is over: the next `up` is green, and there is one of each thing, no lock, nothing pending and no process. */
export async function expectMended(trial: Trial, through: readonly string[] = network): Promise<Ran> {
  const ran = await trial.must("up", ...through);
  expect(await faultsOf(trial)).to.deep.equal([]);
  return ran;
}

/** Waits until a run has said something, a minute at most. */
export function untilSaid(run: Run, text: string): Promise<unknown> {
  let said = "";
  const { promise, resolve, reject } = Promise.withResolvers<undefined>();
  run.stderr.on("data", (part: Buffer) => {
    said += part.toString();
    if (said.includes(text)) resolve(undefined);
  });
  const late = setTimeout(() => reject(new Error(`it has not said "${text}" in a minute:\n${said}`)), 60_000);
  void run.then(({ exitCode }) => reject(new Error(`it ended with ${exitCode ?? "a signal"} and never said "${text}":\n${said}`)));
  return promise.finally(() => clearTimeout(late));
}

import { type Properties, unwrapSecrets } from "../../rehearsal/providers/values.ts";
import { type Diff, ProviderUnderTest, type Recorded } from "./harness.ts";

const plain = (properties: Properties): Properties => unwrapSecrets(properties) as Properties;

/** Sends no wrapped secrets, as the engine does to a provider that declines them; shows those that come back. */
export class EngineLike extends ProviderUnderTest {
  override async check(token: string, inputs: Properties): Promise<{ inputs: Properties; failures: string[] }> {
    const checked = await super.check(token, inputs);
    return { ...checked, inputs: plain(checked.inputs) };
  }

  override diff(old: Recorded, inputs: Properties, ignoreChanges?: string[]): Promise<Diff> {
    return super.diff(stripped(old), plain(inputs), ignoreChanges);
  }

  override read(token: string, id: string, recorded?: Pick<Recorded, "inputs" | "state">): Promise<Recorded | undefined> {
    return super.read(token, id, recorded && { inputs: plain(recorded.inputs), state: plain(recorded.state) });
  }

  override update(old: Recorded, inputs: Properties, preview?: boolean): Promise<Recorded> {
    return super.update(stripped(old), plain(inputs), preview);
  }

  override delete(old: Recorded): Promise<void> {
    return super.delete(stripped(old));
  }
}

function stripped(old: Recorded): Recorded {
  return { ...old, inputs: plain(old.inputs), state: plain(old.state) };
}

import { type Aws, awsClients } from "../../rehearsal/providers/aws/clients.ts";
import { awsProvider } from "../../rehearsal/providers/aws/provider.ts";
import { serve, type Served } from "../../rehearsal/providers/server.ts";
import type { Properties } from "../../rehearsal/providers/values.ts";
import { awsSources, type AwsSources } from "../../worlds/aws-sources.ts";
import { ProviderUnderTest, type Recorded } from "./harness.ts";
import { type Emulator, REGION, startEmulator } from "./start-emulator.ts";

/** A changed value of one property, and what has to come of it. */
export type PropertyChange =
  | { readonly to: Value; readonly expect: "replace" }
  | {
      readonly to: Value;
      readonly expect: "update";
      /** What {@link Fixture.observe} shows afterwards; without, `to` itself. */
      readonly observed?: Value;
    };

/** A value, or a function of {@link ValueOf} that makes it. */
type Value = unknown;
type ValueOf = (lab: Lab, subject: Recorded) => Promise<unknown>;

/** Everything the contract tests need to know about a type. */
export interface Fixture {
  readonly token: string;
  /** A property whose value programs may want to keep secret. */
  readonly secret: string;
  /** Outputs that must have a value after create. */
  readonly outputs: readonly string[];
  /** The id to import it by, where that is not its own. */
  importId?(subject: Recorded): string;
  /** Tags as this type takes them, where that is not a map. */
  tags?(tags: Readonly<Record<string, string>>): unknown;
  /** Minimal inputs; what they refer to is made through other fixtures. */
  inputs(lab: Lab): Promise<Properties>;
  /** For every input property: a value other than the fixture's. */
  readonly changes: Readonly<Record<string, PropertyChange>>;
  /** For every property that can change in place: a change that the provider does not see being made. */
  readonly behindTheBack: Readonly<Record<string, (lab: Lab, subject: Recorded) => Promise<unknown>>>;
  /** The properties that can change in place, asked from AWS without the provider. */
  observe(lab: Lab, id: string, subject: Recorded): Promise<Properties>;
}

/** Resolves a {@link PropertyChange} value. */
export function valueOf(value: unknown, lab: Lab, subject: Recorded): Promise<unknown> {
  return typeof value === "function" ? (value as ValueOf)(lab, subject) : Promise.resolve(value);
}

/** An emulator, a provider served in this process, and AWS clients that go around the provider. */
export class Lab {
  readonly emulator: Emulator;
  readonly provider: ProviderUnderTest;
  readonly aws: Aws;
  /** AWS as a run of ours asks it. */
  readonly sources: AwsSources;
  /** Every API call the provider made. */
  readonly calls: Set<string>;
  readonly #served: Served;
  #counter = 0;

  readonly #fixtures: readonly Fixture[];

  private constructor(emulator: Emulator, served: Served, calls: Set<string>, fixtures: readonly Fixture[]) {
    this.#fixtures = fixtures;
    this.emulator = emulator;
    this.#served = served;
    this.provider = new ProviderUnderTest(served.port);
    const access = { endpoint: emulator.endpoint, credentials: { accessKeyId: "test", secretAccessKey: "test" } };
    this.aws = awsClients(REGION, access);
    this.sources = awsSources({ region: REGION, ...access }, { via: "stand-in", by: `moto at ${emulator.endpoint}` });
    this.calls = calls;
  }

  static async open(fixtures: readonly Fixture[]): Promise<Lab> {
    const emulator = await startEmulator();
    const calls = new Set<string>();
    const served = await serve(awsProvider(emulator.env, (call) => calls.add(call)));
    const lab = new Lab(emulator, served, calls, fixtures);
    await lab.provider.configure({ region: REGION });
    return lab;
  }

  async close(): Promise<void> {
    this.provider.client.close();
    await this.#served.stop();
    await this.emulator.stop();
  }

  /** Makes an object of a type, dependencies included. */
  async make(token: string, overrides: Properties = {}): Promise<Recorded> {
    const fixture = this.#fixtures.find((each) => each.token === token);
    if (!fixture) throw new Error(`no fixture for ${token}`);
    return this.provider.create(token, { ...(await fixture.inputs(this)), ...overrides });
  }

  /** A number no other object of this lab has, for names and address ranges. */
  next(): number {
    return ++this.#counter;
  }
}

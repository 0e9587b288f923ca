import type { PropertyChange } from "./diff.ts";
import type { Kind } from "./kinds.ts";
import type { Operations } from "./operations.ts";
import type { Properties } from "./values.ts";

/** One input property of a resource type: how it is compared, and what the cloud does about it. */
export interface InputSpec {
  readonly kind: Kind;
  /** The program must give it. A text says why, where the official provider would not insist. */
  readonly required?: true | string;
  /** What the cloud has when the program says nothing. */
  readonly default?: unknown;
  /** The cloud chooses when the program says nothing: then whatever is there is right. */
  readonly computed?: true;
  /** A change needs a new object: always, or as the rule says. */
  readonly replaces?: true | ReplaceRule;
  /** Kept secret whatever the program says of it. */
  readonly secret?: true;
  /** Known to the provider only: the cloud cannot tell it, so the last input stands. */
  readonly local?: true;
  /** Outputs that nobody can know before a change of this property is made. */
  readonly affects?: readonly string[] | ((inputs: Properties) => readonly string[]);
}

/** Whether the object in `state` cannot get the wanted value, which may be unset or unknown. */
export type ReplaceRule = (wanted: unknown, state: Properties) => boolean;

/** An object as it is in the cloud. */
export interface Live {
  /** Usually the id that was asked for; an object whose id the cloud changed comes back with the new one. */
  readonly id: string;
  /** Values in the shape of the inputs table; a property that is not set is left out. */
  readonly inputs: Properties;
  readonly outputs: Properties;
}

/** What an update has to bring about. */
export interface Change {
  /** The properties that differ between the recorded state and the wanted inputs. */
  readonly changed: ReadonlySet<string>;
  /** All wanted inputs, defaults filled in. */
  readonly inputs: Properties;
  /** The last recorded state (inputs and outputs). */
  readonly state: Properties;
  /** Hands outputs that only this call can know to the next `read`, in its state. */
  readonly learn: (known: Properties) => void;
}

/**
 * One resource type, as data and four calls. `C` is what the provider's calls go through.
 * Names and behaviour are those of the official provider; a stand-in may support less and then says so at check.
 */
export interface ResourceType<C> {
  /** `aws:ec2/vpc:Vpc` */
  readonly token: string;
  /** Every API action the type uses, `ec2:CreateVpc`. */
  readonly calls: readonly string[];
  readonly inputs: Readonly<Record<string, InputSpec>>;
  /** Outputs that are not inputs; unknown when a create is previewed. */
  readonly outputs: readonly string[];
  /** Outputs made of an input that may be secret under another name; always encrypted. */
  readonly secretOutputs?: readonly string[];
  /** Outputs that always equal an input: `tagsAll` is `tags`. */
  readonly mirrors?: Readonly<Record<string, string>>;
  /** The input that the official provider would invent; given explicitly, a replacement must delete first. */
  readonly autoNamed?: string;
  /** Rules between properties, checked after each property's own; unknown values are possible. */
  check?(inputs: Properties): Failure[];
  /** Outputs that are known before anything exists. */
  constants?(cloud: C): Properties;
  /** A failed update leaves no half made object: the engine keeps what it had recorded, so the difference stays. */
  readonly allOrNothing?: true;
  /**
   * Calls `record` as soon as the cloud has accepted the object, so that it is never lost.
   * Outputs that only this call can know go with it, into the state of the `read` that follows.
   */
  create(cloud: C, inputs: Properties, record: (id: string, known?: Properties) => void): Promise<void>;
  /** `undefined` when the object is gone. On import, `state` is empty. */
  read(cloud: C, id: string, state: Properties): Promise<Live | undefined>;
  update(cloud: C, id: string, change: Change): Promise<void>;
  /** What is gone already is deleted. */
  delete(cloud: C, id: string, state: Properties): Promise<void>;
}

/** A function that a program calls to look something up. It changes nothing, so a preview calls it too. */
export interface ProviderFunction<C> {
  /** `aws:ec2/getAmi:getAmi` */
  readonly token: string;
  /** Every API action the function uses. */
  readonly calls: readonly string[];
  readonly inputs: Readonly<Record<string, Pick<InputSpec, "kind" | "required" | "default">>>;
  readonly outputs: readonly string[];
  /** Rules between arguments. */
  check?(inputs: Properties): Failure[];
  /** All arguments are known, defaults filled in. */
  call(cloud: C, inputs: Properties): Promise<Properties>;
}

/** An input that cannot be accepted. */
export interface Failure {
  /** Empty: the resource as a whole. */
  readonly property: string;
  readonly reason: string;
}

/** A provider: one package of resource types behind one configuration. */
export interface Provider<C> {
  /** The package, `aws`. */
  readonly name: string;
  /** The version of the official provider whose names it speaks. */
  readonly version: string;
  /** Where the list of types is, for the message about a type that is not on it. */
  readonly typesFile: string;
  readonly types: readonly ResourceType<C>[];
  /** Types that no list can hold: their operations, by token; `undefined` for what is none of them. */
  readonly operations?: (token: string) => Operations | undefined;
  /** Secrets reach its operations wrapped, and it answers for all that it returns. Without, the engine does. */
  readonly takesSecrets?: true;
  readonly functions?: readonly ProviderFunction<C>[];
  /** What is wrong with the provider's own arguments. */
  checkConfig(args: Properties): Failure[];
  /** The provider arguments whose change moves every resource. */
  readonly configReplaces: readonly string[];
  /** What a change of the provider's own arguments means, where that is more than a list can say. */
  diffConfig?(before: Properties, after: Properties): readonly PropertyChange[];
  /** Called once, before any resource call. */
  configure(args: Properties): Promise<void>;
  /** What calls for a resource with these inputs or this state go through. */
  cloud(values: Properties): C;
  /** Ends calls that could go on for long; the engine asks for it when it is interrupted, and at every normal end. */
  cancel?(): void;
}

import { tags as tagsKind, text } from "../kinds.ts";
import type { Change, InputSpec, Live, ResourceType } from "../resource-type.ts";
import type { Properties } from "../values.ts";
import type { Aws } from "./clients.ts";

/** Values of a type whose inputs are `I`; those that the type's table does not require may be missing. */
interface AwsType<I extends object> extends Omit<ResourceType<Aws>, "inputs" | "create" | "read" | "update" | "secretOutputs" | "mirrors" | "constants"> {
  readonly inputs: Readonly<Record<Exclude<keyof I & string, TagInput<I>>, InputSpec>>;
  /** IAM has no regions; everything else takes and shows one. */
  readonly global?: true;
  create(aws: Aws, inputs: I, record: Parameters<ResourceType<Aws>["create"]>[2]): Promise<void>;
  read(aws: Aws, id: string, state: Properties): Promise<AwsLive<I> | undefined>;
  update(aws: Aws, id: string, change: AwsChange<I>): Promise<void>;
}

/** The input that {@link awsType} adds: tags as a map, not those of a type that has a kind of its own. */
type TagInput<I> = I extends { readonly tags?: Tags } ? "tags" : never;

export interface AwsLive<I extends object> extends Omit<Live, "inputs"> {
  readonly inputs: { readonly [K in keyof I]?: I[K] | undefined };
}

export interface AwsChange<I extends object> extends Omit<Change, "changed" | "inputs"> {
  readonly changed: ReadonlySet<keyof I>;
  readonly inputs: I;
}

/** Tags as the program writes them. */
export type Tags = Readonly<Record<string, string>>;

/**
 * Completes a type with what all AWS types share: the `region` input and output, and, for taggable types,
 * the input `tags` and the output `tagsAll`.
 *
 * `tagsAll` repeats the tags under a name that the engine cannot connect with a secret input, so it is always secret.
 */
export function awsType<I extends object>(type: AwsType<I>, options: { taggable: boolean }): ResourceType<Aws> {
  const { global: isGlobal, ...rest } = type;
  const inputs: Record<string, InputSpec> = { ...(type.inputs as Record<string, InputSpec>) };
  if (options.taggable) inputs["tags"] = { kind: tagsKind, default: {} };
  if (!isGlobal) inputs["region"] = { kind: text, computed: true, replaces: true };
  // The table has been checked by the time a call is made, so its values are the type's inputs.
  const plain = rest as unknown as ResourceType<Aws>;
  return {
    ...plain,
    inputs,
    outputs: options.taggable ? [...type.outputs, "tagsAll"] : type.outputs,
    ...(options.taggable ? { secretOutputs: ["tagsAll"], mirrors: { tagsAll: "tags" } } : {}),
    constants: (aws) => (isGlobal ? {} : { region: aws.region }),
    read: async (aws, id, state) => {
      const live = await plain.read(aws, id, state);
      if (!live) return undefined;
      return {
        id: live.id,
        inputs: defined(isGlobal ? live.inputs : { ...live.inputs, region: aws.region }),
        outputs: defined(options.taggable ? { ...live.outputs, tagsAll: live.inputs["tags"] } : live.outputs),
      };
    },
  };
}

function defined(properties: Properties): Properties {
  return Object.fromEntries(Object.entries(properties).filter(([, value]) => value !== undefined));
}

/** A value that AWS always gives; its absence is a bug of the emulator, and named as such. */
export function given<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`the API answered without ${what}`);
  return value;
}

/** `arn:aws:ec2:<region>:<account>:<kind>/<id>` */
export function ec2Arn(aws: Aws, owner: string | undefined, resource: string): string {
  return `arn:aws:ec2:${aws.region}:${owner ?? ""}:${resource}`;
}

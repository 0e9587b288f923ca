/** What a launch template says of an instance: the shape the program writes, and the one AWS takes. */
import type { RequestLaunchTemplateData, ResponseLaunchTemplateData } from "@aws-sdk/client-ec2";
import { block, blocks, type Field, type Fields } from "../blocks.ts";
import { base64, flagText, number, oneOf, tags, text } from "../kinds.ts";
import type { InputSpec } from "../resource-type.ts";
import { isRecord, type Properties } from "../values.ts";
import { tagList, tagMap } from "./tags.ts";

/** A field, and how AWS writes its value where that is not simply the same. */
interface DataField extends Field {
  readonly inner?: DataFields;
  readonly toAws?: (value: never) => unknown;
  readonly fromAws?: (value: never) => unknown;
}
type DataFields = Readonly<Record<string, DataField>>;

const flagWord: DataField = { kind: flagText, toAws: (value: string) => value === "true", fromAws: (value: boolean) => String(value) };
const word: DataField = { kind: text };
const count: DataField = { kind: number };
const nested = (name: string, inner: DataFields): DataField => ({ kind: block(name, inner), inner });

const ebs = nested("ebs", {
  deleteOnTermination: flagWord, encrypted: flagWord, iops: count, kmsKeyId: word, snapshotId: word, throughput: count, volumeSize: count, volumeType: word,
});
const mapping: DataFields = { deviceName: word, ebs };
const networkInterface: DataFields = { networkInterfaceId: word, deviceIndex: { kind: number, default: 0 }, deleteOnTermination: flagWord };
const tagSpecification: DataFields = {
  resourceType: word,
  tags: { kind: tags, default: {}, toAws: (value: Record<string, string>) => tagList(value), fromAws: (value: never) => tagMap(value) },
};
const profile: DataFields = { arn: word, name: word };
const credits: DataFields = { cpuCredits: { kind: oneOf("standard", "unlimited") } };
// AWS fills in what the program leaves out.
const metadata: Fields & DataFields = {
  httpEndpoint: { kind: oneOf("enabled", "disabled"), computed: true },
  httpProtocolIpv6: { kind: oneOf("enabled", "disabled"), computed: true },
  httpPutResponseHopLimit: { kind: number, computed: true },
  httpTokens: { kind: oneOf("optional", "required"), computed: true },
  instanceMetadataTags: { kind: oneOf("enabled", "disabled"), computed: true },
};

interface DataInput extends InputSpec, Pick<DataField, "inner"> {
  readonly list?: true;
}

/** The inputs that make up a version's data. */
export const dataInputs = {
  imageId: { kind: text },
  instanceType: { kind: text },
  userData: { kind: base64 },
  blockDeviceMappings: { kind: blocks("blockDeviceMappings", mapping), default: [], inner: mapping, list: true },
  creditSpecification: { kind: block("creditSpecification", credits), inner: credits },
  iamInstanceProfile: { kind: block("iamInstanceProfile", profile), inner: profile },
  instanceInitiatedShutdownBehavior: { kind: oneOf("stop", "terminate") },
  metadataOptions: { kind: block("metadataOptions", metadata), computed: true, inner: metadata },
  networkInterfaces: { kind: blocks("networkInterfaces", networkInterface), default: [], inner: networkInterface, list: true },
  tagSpecifications: { kind: blocks("tagSpecifications", tagSpecification), default: [], inner: tagSpecification, list: true },
} as const satisfies Record<string, DataInput>;

export type DataInputs = { readonly [K in keyof typeof dataInputs]?: unknown };

const specs: Readonly<Record<string, DataInput>> = dataInputs;

/** A version's data as AWS takes it. User data is always given: AWS refuses a version that says nothing. */
export function dataOf(inputs: DataInputs): RequestLaunchTemplateData {
  const data: Properties = { UserData: "" };
  for (const [property, { inner, list }] of Object.entries(specs)) {
    const value = inputs[property as keyof DataInputs];
    if (value === undefined || (list && (value as unknown[]).length === 0)) continue;
    data[pascal(property)] = !inner ? value : list ? (value as Properties[]).map((item) => toAws(inner, item)) : toAws(inner, value as Properties);
  }
  return data;
}

/** A version's data as the program would write it. */
export function inputsOf(data: ResponseLaunchTemplateData | undefined): DataInputs {
  const live = (data ?? {}) as Properties;
  const inputs: Properties = {};
  for (const [property, { inner, list }] of Object.entries(specs)) {
    const value = live[pascal(property)];
    if (value === undefined || value === "") continue;
    inputs[property] = !inner ? value : list ? (value as Properties[]).map((item) => fromAws(inner, item)) : fromAws(inner, value as Properties);
  }
  return inputs;
}

function toAws(fields: DataFields, value: Properties): Properties {
  return converted(fields, value, (property) => [property, pascal(property)], "toAws");
}

function fromAws(fields: DataFields, value: Properties): Properties {
  return converted(fields, value, (property) => [pascal(property), property], "fromAws");
}

function converted(fields: DataFields, value: Properties, names: (property: string) => [string, string], way: "toAws" | "fromAws"): Properties {
  const result: Properties = {};
  for (const [property, field] of Object.entries(fields)) {
    const [from, to] = names(property);
    const given = value[from];
    if (given === undefined || given === "") continue;
    const convert = field[way] as ((value: unknown) => unknown) | undefined;
    result[to] = field.inner && isRecord(given) ? converted(field.inner, given, names, way) : convert ? convert(given) : given;
  }
  return result;
}

function pascal(property: string): string {
  return property.charAt(0).toUpperCase() + property.slice(1);
}

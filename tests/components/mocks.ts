import * as pulumi from "@pulumi/pulumi";

/** One resource as the engine would be told of it. */
export interface Declared {
  readonly type: string;
  readonly name: string;
  readonly inputs: Readonly<Record<string, unknown>>;
  /** Types and names from the outermost component to the resource itself. */
  readonly lineage: readonly { readonly type: string; readonly name: string }[];
  readonly opts: pulumi.CustomResourceOptions;
}

type Made = Readonly<Record<string, unknown>>;
type MadeBy = Made | ((name: string) => Made | Promise<Made>);

/** A function that the program called. */
export interface Called {
  readonly token: string;
  readonly inputs: unknown;
}

export interface MockEngine {
  readonly stack?: string;
  readonly preview?: boolean;
  /** Outputs that are only known after something was made, by type; a function where they differ by name. */
  readonly made?: Readonly<Record<string, MadeBy>>;
  /** What functions answer, by token. */
  readonly calls?: Readonly<Record<string, Made>>;
  /** Outputs of other stacks, by full name. */
  readonly stacks?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** What AWS answers for what is made in it. */
const answers: NonNullable<MockEngine["made"]> = {
  "aws:ec2/vpc:Vpc": { ipv6CidrBlock: "2001:db8:1234:ab00::/56", ownerId: "123456789012" },
  "aws:cloudwatch/logGroup:LogGroup": { arn: "arn:aws:logs:eu-west-1:123456789012:log-group:the-group" },
  "aws:iam/role:Role": { arn: "arn:aws:iam::123456789012:role/the-role" },
  "aws:ec2/launchTemplate:LaunchTemplate": { latestVersion: 7 },
  "aws:ssm/parameter:Parameter": (name) => ({ arn: `arn:aws:ssm:eu-west-1:123456789012:parameter/${name}` }),
  "aws:ec2/networkInterface:NetworkInterface": (name) => ({ macAddress: `02:00:00:00:00:${name.length.toString(16).padStart(2, "0")}` }),
  "command:local:Command": (name) => ({ stdout: name.endsWith("-access") ? "context: lab\ncontexts: { lab: { endpoints: [], ca: CA } }\n" : name.endsWith("-kubeconfig") ? "clusters: [{ name: lab, cluster: { server: https://10.10.0.11:6443 } }]\n" : `said by ${name}` }),
  "tls:index/privateKey:PrivateKey": (name) => ({ privateKeyOpenssh: `PRIVATE KEY of ${name}\n`, publicKeyOpenssh: `ssh-ed25519 ${name}\n` }),
};
const functionAnswers: NonNullable<MockEngine["calls"]> = {
  "aws:ec2/getAmi:getAmi": { id: "ami-debian" },
  "aws:ec2/getInstances:getInstances": { ids: ["i-1"], privateIps: ["10.10.0.11"] },
};

/**
 * Runs a program against a mocked engine until every resource it declares is registered.
 * Pass `watch` as a transformation of the outermost component to see lineages and options.
 */
export async function declare<Result>(program: (watch: pulumi.ResourceTransformation) => Result | Promise<Result>, engine: MockEngine = {}): Promise<{ resources: Declared[]; calls: Called[]; result: Result }> {
  const calls: Called[] = [];
  const registered: { type: string; name: string; inputs: Record<string, unknown> }[] = [];
  const seen = new Map<pulumi.Resource, { type: string; name: string; opts: pulumi.ResourceOptions }>();
  await pulumi.runtime.setMocks(
    {
      newResource: async ({ type, name, inputs, id }) => {
        const given = inputs as Record<string, unknown>;
        registered.push({ type, name, inputs: given });
        if (type === "pulumi:pulumi:StackReference") {
          const outputs = engine.stacks?.[id ?? name];
          if (outputs === undefined) throw new Error(`there is no stack ${id ?? name}`);
          return { id: name, state: { name, outputs } };
        }
        const tables = [answers, engine.made ?? {}].map((table) => table[type]);
        const outputs = await Promise.all(tables.map(async (made) => (typeof made === "function" ? await made(name) : made)));
        return { id: `${name}-id`, state: Object.assign({}, given, ...outputs) as object };
      },
      call: ({ token, inputs }) => {
        const answer = { ...functionAnswers, ...engine.calls }[token];
        if (answer === undefined) throw new Error(`nobody expected the call ${token}`);
        calls.push({ token, inputs });
        return answer;
      },
    },
    "moon-and-back",
    engine.stack ?? "lab-network",
    engine.preview ?? false,
    "organization",
  );
  const result = await program(({ resource, type, name, opts }) => {
    seen.set(resource, { type, name, opts });
    return undefined;
  });
  // A component waits for its children's URNs; what is left in flight ends with the engine's last call.
  await Promise.all([...seen.keys()].map((resource) => new Promise((resolve) => resource.urn.apply(resolve))));
  await pulumi.runtime.disconnect();
  const resources = registered.map((resource) => {
    const [own] = [...seen].filter(([, { type, name }]) => type === resource.type && name === resource.name);
    return { ...resource, lineage: own === undefined ? [{ type: resource.type, name: resource.name }] : lineageOf(own[0], seen), opts: own?.[1].opts ?? {} };
  });
  return { resources, calls, result };
}

function lineageOf(resource: pulumi.Resource, seen: ReadonlyMap<pulumi.Resource, { type: string; name: string; opts: pulumi.ResourceOptions }>): Declared["lineage"] {
  const own = seen.get(resource);
  if (own === undefined) return [];
  const { type, name, opts } = own;
  return [...(opts.parent === undefined ? [] : lineageOf(opts.parent, seen)), { type, name }];
}

/** The URN that the engine gives a resource: the types of all its components, then its own, joined by `$`. */
export function engineUrn({ lineage, name }: Declared, stack = "lab-network"): string {
  return `urn:pulumi:${stack}::moon-and-back::${lineage.map(({ type }) => type).join("$")}::${name}`;
}

/** The one resource of that name. */
export function named(resources: readonly Declared[], name: string): Declared {
  const found = resources.filter((resource) => resource.name === name && /^(aws|tls|command):/.test(resource.type));
  if (found.length !== 1) throw new Error(`${found.length} resources are called ${name}`);
  return found[0]!;
}

/** What an output holds, and whether it is secret. */
export async function settled(output: pulumi.Output<unknown>): Promise<{ value: unknown; secret: boolean }> {
  const [value, secret] = await Promise.all([new Promise((resolve) => output.apply(resolve)), pulumi.isSecret(output)]);
  return { value, secret };
}

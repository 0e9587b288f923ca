// What of objects can be told without a cluster: what differs, what that means, what is there of what was declared, and what is secret.

import { expect } from "chai";
import { isForced, takeOver } from "../../../rehearsal/providers/kubernetes/applying.ts";
import { differences } from "../../../rehearsal/providers/kubernetes/differences.ts";
import { withoutIgnored } from "../../../rehearsal/providers/kubernetes/ignoring.ts";
import { kindOfObject, kindOfToken, namespacedByItself, refusalOf } from "../../../rehearsal/providers/kubernetes/kind.ts";
import { liveInputs } from "../../../rehearsal/providers/kubernetes/live-inputs.ts";
import { secretTexts, withSecretsOf } from "../../../rehearsal/providers/kubernetes/marking.ts";
import { parsePath, pathText } from "../../../rehearsal/providers/kubernetes/paths.ts";
import { amountOf } from "../../../rehearsal/providers/kubernetes/quantities.ts";
import { replaces } from "../../../rehearsal/providers/kubernetes/replacing.ts";
import { fieldManagerOf, foreseen, recordedState } from "../../../rehearsal/providers/kubernetes/state.ts";
import { sdkKeys, serverKeys } from "../../../rehearsal/providers/kubernetes/underscores.ts";
import { type Properties, secret, UNKNOWN, unwrapSecrets } from "../../../rehearsal/providers/values.ts";

const changes = (before: unknown, wanted: unknown): string[] => differences(before, wanted).map(({ path, kind }) => `${kind} ${pathText(path)}`);

describe("types of the stand-in kubernetes provider", () => {
  it("are kinds of a group's version", () => {
    expect(kindOfToken("kubernetes:core/v1:ConfigMap")).to.deep.equal({ group: "", version: "v1", kind: "ConfigMap" });
    expect(kindOfToken("kubernetes:example.org/v1alpha1:Widget")).to.deep.equal({ group: "example.org", version: "v1alpha1", kind: "Widget" });
    for (const token of ["kubernetes:v1:ConfigMap", "kubernetes:apps/v1", "aws:ec2/vpc:Vpc"]) expect(kindOfToken(token), token).to.equal(undefined);
    const token = { group: "apps", version: "v1beta1", kind: "Deployment" };
    expect(kindOfObject({ apiVersion: "apps/v1" }, token)).to.deep.equal({ ...token, version: "v1" });
    expect(kindOfObject({ apiVersion: "v1", kind: "Pod" }, token)).to.deep.equal({ group: "", version: "v1", kind: "Pod" });
  });

  const refused: readonly (readonly [token: string, inputs: Properties, said: RegExp])[] = [
    ["kubernetes:core/v1:ConfigMapList", { kind: "ConfigMapList" }, /^a ConfigMapList cannot be made: .*Declare its items one by one$/],
    ["kubernetes:core/v1:ConfigMapPatch", { kind: "ConfigMap" }, /does not support Patch resources: declare the whole ConfigMap instead of kubernetes:core\/v1:ConfigMapPatch$/],
    ["kubernetes:example.org/v1:WidgetPatch", { kind: "Widget" }, /does not support Patch resources/],
    ["kubernetes:helm.sh/v3:Release", {}, /does not support Helm charts: let Flux install them/],
    ["kubernetes:helm.sh/v4:Chart", {}, /Helm charts/],
    ["kubernetes:yaml/v2:ConfigFile", {}, /YAML manifests/],
    ["kubernetes:kustomize/v2:Directory", {}, /kustomizations/],
    ["kubernetes:v1:ConfigMap", {}, /is no type of the kubernetes provider: it must be kubernetes:<group>\/<version>:<Kind>/],
  ];
  for (const [token, inputs, said] of refused) it(`do not include ${token}`, () => expect(refusalOf(token, inputs)).to.match(said));

  it("include kinds of others that are only called so", () => {
    expect(refusalOf("kubernetes:example.org/v1:DispatchPatch", { kind: "DispatchPatch" })).to.equal(undefined);
    expect(refusalOf("kubernetes:example.org/v1:AllowList", { kind: "AllowList" })).to.equal(undefined);
    expect(refusalOf("kubernetes:apps/v1:Deployment", {})).to.equal(undefined);
  });

  it("have a namespace or not, as far as nobody need be asked", () => {
    const namespaced = (group: string, kind: string): boolean | undefined => namespacedByItself({ group, version: "v1", kind });
    expect([namespaced("", "Namespace"), namespaced("rbac.authorization.k8s.io", "ClusterRole"), namespaced("storage.k8s.io", "StorageClass")]).to.deep.equal([false, false, false]);
    expect([namespaced("", "ConfigMap"), namespaced("apps", "Deployment"), namespaced("networking.k8s.io", "Ingress")]).to.deep.equal([true, true, true]);
    expect(namespaced("example.org", "Widget")).to.equal(undefined);
  });
});

describe("differences between objects", () => {
  it("are told place by place, as far down as the shapes agree", () => {
    expect(changes({ a: 1, b: { c: [1, 2], d: "x" } }, { a: 1, b: { c: [1, 3, 4], e: {} } })).to.deep.equal(["update b.c[1]", "add b.c[2]", "delete b.d", "add b.e"]);
    expect(changes({ a: [1, 2] }, { a: [1] })).to.deep.equal(["delete a[1]"]);
    expect(changes({ a: { b: 1 } }, { a: [1] })).to.deep.equal(["update a"]);
    expect(changes({ a: 1 }, { a: "1" })).to.deep.equal(["update a"]);
    expect(changes({ a: { b: [{ c: 1 }] } }, { a: { b: [{ c: 1 }] } })).to.deep.equal([]);
  });

  it("are where something is not known yet", () => {
    expect(changes({ a: "1", b: [1] }, { a: UNKNOWN, b: UNKNOWN, c: UNKNOWN })).to.deep.equal(["update a", "update b", "add c"]);
  });

  it("are at paths that can be read again", () => {
    for (const text of ['metadata.annotations["example.org/a.b"]', "spec.containers[0].env[2].value", 'data["with \\"quotes\\""]', "a"]) {
      const path = parsePath(text);
      expect(path && pathText(path), text).to.equal(text);
    }
    expect(parsePath("spec.ports[*].port")).to.deep.equal(["spec", "ports", "*", "port"]);
    for (const text of ["", "a[", 'a["b']) expect(parsePath(text), text).to.equal(undefined);
  });
});

describe("a change that needs a new object", () => {
  const mutable = { configMaps: true, secrets: true };
  const fixed = { configMaps: false, secrets: false };
  const replaced = (group: string, kind: string, before: Properties, wanted: Properties, mutability = fixed): string[] =>
    differences(before, wanted).filter((change) => replaces(change, { kind: { group, version: "v1", kind }, inputs: wanted, mutability })).map(({ path }) => pathText(path));

  it("is one of its identity, or of its metadata as a whole", () => {
    expect(replaced("", "Any", { metadata: { name: "a", namespace: "b", labels: {} } }, { metadata: { name: "c", namespace: "d", labels: { e: "f" } } })).to.deep.equal(["metadata.name", "metadata.namespace"]);
    expect(replaced("", "Any", { metadata: { name: "a" } }, {})).to.deep.equal(["metadata"]);
  });

  it("is one that the API server refuses, in the object or around the place", () => {
    const deployment = (selector: unknown, image: string): Properties => ({ spec: { selector, template: { spec: { containers: [{ image }] } } } });
    expect(replaced("apps", "Deployment", deployment({ matchLabels: { a: "b" } }, "1"), deployment({ matchLabels: { a: "c" } }, "2"))).to.deep.equal(["spec.selector.matchLabels.a"]);
    expect(replaced("apps", "Deployment", {}, deployment({}, "1"))).to.deep.equal(["spec"]);
    expect(replaced("batch", "Job", { spec: { template: { a: 1 }, backoffLimit: 1 } }, { spec: { template: { a: 2 }, backoffLimit: 2 } })).to.deep.equal(["spec.template.a"]);
    const pod = (image: string, tolerations: unknown[]): Properties => ({ spec: { containers: [{ image }], tolerations } });
    expect(replaced("", "Pod", pod("1", []), pod("2", [{}]))).to.deep.equal(["spec.containers[0].image"]);
    expect(replaced("", "Service", { spec: { clusterIP: "10.0.0.1" } }, { spec: { clusterIP: "None", type: "ClusterIP" } })).to.deep.equal(["spec.clusterIP"]);
    expect(replaced("example.org", "Service", { spec: { clusterIP: "10.0.0.1" } }, { spec: { clusterIP: "None" } })).to.deep.equal([]);
  });

  it("is one of data, unless the provider may change it and the object does not forbid it", () => {
    const [before, after] = [{ data: { a: "1" } }, { data: { a: "2" } }];
    for (const kind of ["ConfigMap", "Secret"]) {
      expect(replaced("", kind, before, after), kind).to.deep.equal(["data.a"]);
      expect(replaced("", kind, before, after, mutable), kind).to.deep.equal([]);
      expect(replaced("", kind, { ...before, immutable: true }, { ...after, immutable: true }, mutable), kind).to.deep.equal(["data.a"]);
    }
  });
});

describe("inputs as they are in the cluster", () => {
  const owned = (fields: Properties): Properties => ({ metadata: { managedFields: [{ manager: "m", operation: "Apply", fieldsV1: fields }] } });

  it("are the program's own words as long as nothing has changed, and nothing that it has not said", () => {
    const inputs = { spec: { cpu: "1000m", list: ["a"], empty: {}, gone: "x" } };
    const recorded = { spec: { cpu: "1", list: ["a"], gone: "x", theirs: 1 } };
    expect(liveInputs(inputs, recorded, recorded)).to.deep.equal(inputs);
    expect(liveInputs(inputs, recorded, { spec: { cpu: "2", list: ["a", "b"], theirs: 2 } })).to.deep.equal({ spec: { cpu: "2", list: ["a", "b"], empty: {} } });
  });

  it("are compared by meaning where nobody knows what was there", () => {
    const inputs = { spec: { cpu: 0.5, memory: "1024Mi", replicas: 1, port: "80", text: "1.0" } };
    expect(liveInputs(inputs, {}, { spec: { cpu: "500m", memory: "1Gi", replicas: 1, port: "80", text: "1.0", more: 1 } })).to.deep.equal(inputs);
    expect(liveInputs(inputs, {}, { spec: { ...inputs.spec, cpu: "501m", port: 80 } })).to.deep.equal({ spec: { ...inputs.spec, cpu: "501m", port: 80 } });
  });

  it("are looked for by the keys of a list that is merged item by item, and by place in one that is not", () => {
    const fields = { "f:list": { 'k:{"name":"b"}': { ".": {}, "f:name": {}, "f:value": {} } } };
    const inputs = { list: [{ name: "a", value: "1" }, { name: "b", value: "2" }] };
    const recorded = { list: [...inputs.list] };
    const live = { ...owned(fields), list: [{ name: "theirs", value: "0" }, { name: "b", value: "3", more: "4" }] };
    expect(liveInputs(inputs, recorded, live)).to.deep.equal({ list: [{ name: "b", value: "3" }] });
    expect(liveInputs(inputs, recorded, { list: [...inputs.list, { name: "theirs" }] }), "one piece").to.deep.equal({ list: [...inputs.list, { name: "theirs" }] });
    const set = owned({ "f:list": { 'v:"a"': {} } });
    expect(liveInputs({ list: ["a", "b"] }, { list: ["a", "b"] }, { ...set, list: ["theirs", "a"] }), "a set").to.deep.equal({ list: ["a"] });
  });

  it("find a Secret's texts again in its data", () => {
    const base64 = (text: string): string => Buffer.from(text).toString("base64");
    const inputs = { kind: "Secret", apiVersion: "v1", stringData: { a: "1", b: "2" } };
    const live = (a: string): Properties => ({ kind: "Secret", apiVersion: "v1", data: { a: base64(a), b: base64("2") } });
    expect(liveInputs(inputs, live("1"), live("1"))).to.deep.equal(inputs);
    expect(liveInputs(inputs, live("1"), live("3"))).to.deep.equal({ ...inputs, stringData: { a: "3", b: "2" } });
    expect(liveInputs(inputs, live("1"), { ...live("1"), data: { b: base64("2") } })).to.deep.equal({ ...inputs, stringData: { b: "2" } });
  });

  it("know amounts", () => {
    expect(["1", "1000m", 1, "1e0", "1.0"].map(amountOf)).to.deep.equal([1, 1, 1, 1, 1]);
    expect(["1Gi", "1024Mi", "1G"].map(amountOf)).to.deep.equal([2 ** 30, 2 ** 30, 1e9]);
    expect(["", "a", "1 Gi", "Gi", undefined, {}].map(amountOf)).to.deep.equal(Array(6).fill(undefined));
  });
});

describe("secrets in objects", () => {
  it("are where the program has put them, whole lists, and the data of every Secret", () => {
    const marked = { spec: { token: secret("x"), list: ["a", secret("b")], plain: "p" } };
    expect(withSecretsOf({ spec: { token: "x", list: ["a", "b"], plain: "p", more: 1 } }, marked)).to.deep.equal({ spec: { token: secret("x"), list: secret(["a", "b"]), plain: "p", more: 1 } });
    expect(withSecretsOf({ kind: "Secret", data: { a: "b" }, stringData: { c: "d" } }, {})).to.deep.equal({ kind: "Secret", data: secret({ a: "b" }), stringData: secret({ c: "d" }) });
    expect(withSecretsOf({ kind: "ConfigMap", data: { a: "b" } }, {})).to.deep.equal({ kind: "ConfigMap", data: { a: "b" } });
  });

  it("are in what kubectl leaves behind", () => {
    const annotations = { "kubectl.kubernetes.io/last-applied-configuration": "{}", other: "x" };
    const hidden = { ...annotations, "kubectl.kubernetes.io/last-applied-configuration": secret("{}") };
    expect(withSecretsOf({ kind: "Secret", metadata: { annotations } }, {})["metadata"]).to.deep.equal({ annotations: hidden });
    expect(withSecretsOf({ kind: "Any", metadata: { annotations } }, { spec: secret("x") })["metadata"]).to.deep.equal({ annotations: hidden });
    expect(withSecretsOf({ kind: "Any", metadata: { annotations } }, {})["metadata"]).to.deep.equal({ annotations });
  });

  it("are told as texts, so that no message repeats them", () => {
    const texts = secretTexts({ kind: "Secret", data: secret({ a: Buffer.from("hunter2").toString("base64") }), stringData: { b: "plain" }, metadata: { name: "x", annotations: { c: secret(4711) } } });
    expect(texts).to.include.members(["hunter2", Buffer.from("hunter2").toString("base64"), "plain", "4711"]).and.not.include("x");
  });

  it("are secret in the inputs that the state keeps, too", () => {
    const state = recordedState({ spec: { token: secret("x") } }, { apiVersion: "v1", kind: "Any", spec: { token: "x" }, status: { a: 1 } }, { fieldManager: "m", initialApiVersion: undefined });
    expect(state).to.deep.equal({
      apiVersion: "v1", kind: "Any", spec: { token: secret("x") }, status: { a: 1 },
      __inputs: { spec: { token: secret("x") } }, __initialApiVersion: "v1", __fieldManager: "m",
    });
    expect(unwrapSecrets(state)).to.deep.include({ __fieldManager: "m" });
  });
});

describe("who owns the fields of an object", () => {
  const entry = (manager: string, operation: string, fieldsV1: Properties, over: Properties = {}): Properties => ({ manager, operation, fieldsV1, apiVersion: "v1", ...over });
  const live = (...managedFields: Properties[]): Properties => ({ data: { a: "1", b: "2" }, metadata: { resourceVersion: "7", managedFields } });
  const status = entry("pulumi-kubernetes", "Update", { "f:status": {} }, { subresource: "status" });

  it("is changed once, from what made it to what applies it", () => {
    const made = entry("pulumi-kubernetes", "Update", { "f:data": { ".": {}, "f:a": {} } });
    const kubectl = entry("kubectl", "Update", { "f:data": { "f:b": {} } });
    const theirs = entry("somebody", "Update", { "f:data": { "f:c": {} } });
    expect(takeOver(live(made, status, theirs, kubectl), "ours")).to.deep.equal([
      { op: "replace", path: "/metadata/managedFields", value: [entry("ours", "Apply", { "f:data": { ".": {}, "f:a": {}, "f:b": {} } }), status, theirs] },
      { op: "replace", path: "/metadata/resourceVersion", value: "7" },
    ]);
    expect(takeOver(live(entry("ours", "Apply", { "f:data": {} }), theirs, status), "ours")).to.deep.equal([]);
  });

  it("decides who wins", () => {
    const made = live(entry("pulumi-kubernetes", "Update", {}));
    const applied = live(entry("ours", "Apply", {}));
    const [planned, real] = [{ preview: true, force: false }, { preview: false, force: false }];
    expect([isForced({}, made, planned), isForced({}, made, real), isForced({}, applied, planned)]).to.deep.equal([true, false, false]);
    expect(isForced({ metadata: { annotations: { "pulumi.com/patchForce": "true" } } }, applied, real)).to.equal(true);
    expect(isForced({}, applied, { preview: false, force: true })).to.equal(true);
    expect(isForced({}, live(), real), "nobody's").to.equal(true);
  });

  it("decides what becomes of what the program ignores", () => {
    const body = { data: { a: "wanted", b: "wanted", c: "wanted" } };
    const object = live(entry("somebody", "Apply", { "f:data": { "f:a": {} } }), entry("ours", "Apply", { "f:data": { "f:b": {} } }));
    expect(withoutIgnored(body, ["data.a", "data.b", "data.c"], object, "ours")).to.deep.equal({ data: { b: "2", c: "wanted" } });
    expect(withoutIgnored(body, [], object, "ours")).to.deep.equal(body);
  });

  it("is named by the program, by the state, or anew", () => {
    expect(fieldManagerOf({ metadata: { annotations: { "pulumi.com/patchFieldManager": "me" } } }, { fieldManager: "old" })).to.equal("me");
    expect(fieldManagerOf({}, { fieldManager: "old" })).to.equal("old");
    expect(fieldManagerOf({})).to.match(/^pulumi-kubernetes-[0-9a-f]{8}$/);
  });
});

describe("an object as it is foreseen", () => {
  it("lacks what the server gives anew each time", () => {
    const service = { kind: "Service", metadata: { name: "a", uid: "1", creationTimestamp: "2" }, spec: { clusterIP: "10.0.0.1", type: "ClusterIP" }, status: {} };
    expect(foreseen(service, {})).to.deep.equal({ kind: "Service", metadata: { name: "a", uid: UNKNOWN, creationTimestamp: UNKNOWN }, spec: { clusterIP: UNKNOWN, type: "ClusterIP" } });
    expect(foreseen(service, { spec: { clusterIP: "10.0.0.1" } })["spec"]).to.include({ clusterIP: "10.0.0.1" });
  });

  it("has its keys as the SDK writes them, and the server gets its own", () => {
    const sdk = { schema: [{ x_kubernetes_preserve_unknown_fields: true, x_kubernetes_other: 1 }] };
    const server = { schema: [{ "x-kubernetes-preserve-unknown-fields": true, x_kubernetes_other: 1 }] };
    expect(serverKeys(sdk)).to.deep.equal(server);
    expect(sdkKeys(server)).to.deep.equal(sdk);
  });
});

// That an update waits for what it makes, and says why it waits no longer: against real controllers. A node is played by the tests.

import type { ServiceError } from "@grpc/grpc-js";
import { expect } from "chai";
import { poll, systemClock } from "../../../common/poll.ts";
import { untilGone } from "../../../rehearsal/providers/kubernetes/await/await.ts";
import type { Cluster } from "../../../rehearsal/providers/kubernetes/cluster.ts";
import type { Properties } from "../../../rehearsal/providers/values.ts";
import { Empty, messages, type proto, readInitFailed, toStruct } from "../../../rehearsal/providers/wire.ts";
import { type Recorded, urnOf } from "../harness.ts";
import { haveWidgets } from "./fixtures.ts";
import { KubernetesLab } from "./lab.ts";

const POD = "kubernetes:core/v1:Pod";
const DEPLOYMENT = "kubernetes:apps/v1:Deployment";
const pods = "/api/v1/namespaces/default/pods";
const spec = { containers: [{ name: "web", image: "registry.example/web:1" }] };
const condition = (type: string, status = "True"): Properties => ({ type, status, lastTransitionTime: "2026-01-01T00:00:00Z" });
const running: Properties = { phase: "Running", podIP: "10.244.0.9", conditions: ["PodScheduled", "Initialized", "Ready", "ContainersReady"].map((type) => condition(type)) };

describe("what the stand-in kubernetes provider waits for", function () {
  this.timeout(60_000);
  let lab: KubernetesLab;
  before(async () => (lab = await KubernetesLab.open()));
  after(() => lab.close());

  const workload = (name: string, over: Properties = {}): Properties => ({
    metadata: { name }, spec: { replicas: 1, selector: { matchLabels: { app: name } }, template: { metadata: { labels: { app: name } }, spec }, ...over },
  });
  const impatient = (inputs: Properties, annotations: Properties = {}): Properties => {
    const metadata = inputs["metadata"] as Properties;
    return { ...inputs, metadata: { ...metadata, annotations: { ...(metadata["annotations"] as Properties | undefined), "pulumi.com/timeoutSeconds": "1", ...annotations } } };
  };
  const failureOf = (call: Promise<unknown>): Promise<ServiceError> => call.then(() => { throw new Error("it did not fail"); }, (error: unknown) => error as ServiceError);

  /** The pods of an app, once there are some. */
  const podsOf = (name: string): Promise<readonly Properties[]> => poll(async () => {
    const list = await lab.ask({ method: "GET", path: pods, query: { labelSelector: `app=${name}` } });
    const items = list["items"] as Properties[];
    return items.length > 0 ? { done: true, value: items } : { done: false, reason: `no pod of ${name}` };
  }, { timeoutMs: 20_000, intervalMs: 50 });

  const play = async (pod: Properties, status: Properties): Promise<void> => {
    await lab.merge(`${pods}/${String((pod["metadata"] as Properties)["name"])}/status`, { status });
  };

  /** Begins a creation, sees that it goes on while something is missing, brings that about, and sees it end. */
  async function waitsUntil(token: string, inputs: Properties, seen: () => Promise<unknown>, bring: () => Promise<unknown>): Promise<Recorded> {
    let ended = false;
    const creation = lab.provider.create(token, inputs).finally(() => (ended = true));
    creation.catch(() => undefined);
    await seen();
    expect(ended, "it waits").to.equal(false);
    await bring();
    return creation;
  }

  for (const [token, kind] of [[DEPLOYMENT, "Deployment"], ["kubernetes:apps/v1:StatefulSet", "StatefulSet"]] as const) {
    it(`waits for a ${kind} until its pods are ready`, async () => {
      const name = lab.name("web");
      const made = await waitsUntil(token, workload(name, kind === "StatefulSet" ? { serviceName: name } : {}), () => podsOf(name), async () => {
        for (const pod of await podsOf(name)) await play(pod, running);
      });
      expect((made.state["status"] as Properties)["readyReplicas"], "as it is afterwards").to.equal(1);
    });
  }

  it("waits for a DaemonSet on every node", async () => {
    const name = lab.name("agent");
    await lab.post("/api/v1/nodes", { apiVersion: "v1", kind: "Node", metadata: { name, labels: { only: name } } });
    try {
      const inputs = workload(name, { replicas: undefined, template: { metadata: { labels: { app: name } }, spec: { ...spec, nodeSelector: { only: name } } } });
      await waitsUntil("kubernetes:apps/v1:DaemonSet", inputs, () => podsOf(name), async () => {
        for (const pod of await podsOf(name)) await play(pod, running);
      });
    } finally {
      await lab.ask({ method: "DELETE", path: `/api/v1/nodes/${name}` });
    }
  });

  it("waits for a Pod, and gives one up that has failed", async () => {
    const [well, ill] = [lab.name("well"), lab.name("ill")];
    const inputs = (name: string): Properties => ({ metadata: { name, labels: { app: name } }, spec: { ...spec, restartPolicy: "Never" } });
    await waitsUntil(POD, inputs(well), () => podsOf(well), async () => play((await podsOf(well))[0]!, running));
    const failing = waitsUntil(POD, inputs(ill), () => podsOf(ill), async () => play((await podsOf(ill))[0]!, { phase: "Failed", reason: "Evicted", message: "no room" }));
    const failure = await failureOf(failing);
    expect(failure.details.split("\n")[0]).to.equal(`Pod default/${ill} failed: it has failed: Evicted: no room`);
    expect(readInitFailed(failure)?.id, "it is recorded all the same").to.equal(`default/${ill}`);
  });

  it("waits for a Job until it is done, and gives one up that has failed", async () => {
    const job = (name: string): Properties => ({ metadata: { name }, spec: { backoffLimit: 0, template: { metadata: { labels: { app: name } }, spec: { ...spec, restartPolicy: "Never" } } } });
    const end = (name: string, phase: string) => async (): Promise<void> => {
      await play((await podsOf(name))[0]!, { phase, containerStatuses: [{ name: "web", ready: false, restartCount: 0, image: "", imageID: "", state: { terminated: { exitCode: phase === "Failed" ? 1 : 0 } } }] });
    };
    const [well, ill] = [lab.name("well"), lab.name("ill")];
    await waitsUntil("kubernetes:batch/v1:Job", job(well), () => podsOf(well), end(well, "Succeeded"));
    const failure = await failureOf(waitsUntil("kubernetes:batch/v1:Job", job(ill), () => podsOf(ill), end(ill, "Failed")));
    expect(failure.details).to.include(`Job default/${ill} failed: Failed is True: BackoffLimitExceeded`);
  });

  it("gives a Deployment up at once when its deadline has passed, and says what its pods wait for", async () => {
    const name = lab.name("stuck");
    const started = performance.now();
    const failure = await failureOf(lab.provider.create(DEPLOYMENT, workload(name, { progressDeadlineSeconds: 1 })));
    expect(performance.now() - started, "not the ten minutes that it has").to.be.lessThan(20_000);
    expect(failure.details).to.include(`Deployment default/${name} failed: Progressing is False: ProgressDeadlineExceeded`)
      .and.to.match(new RegExp(`pod ${name}-\\S+: PodScheduled is False: Unschedulable: no nodes available`))
      .and.to.match(new RegExp(`event of pod ${name}-\\S+: FailedScheduling: `));
    const half = readInitFailed(failure);
    expect(half?.id).to.equal(`default/${name}`);
    expect(half?.state).to.include.keys("status", "__fieldManager", "__inputs");

    // The next update mends it.
    const recorded = { token: DEPLOYMENT, id: half!.id, inputs: half!.inputs, state: half!.state };
    const wanted = { ...half!.inputs, spec: { ...(half!.inputs["spec"] as Properties), replicas: 0 } };
    expect((await lab.provider.update(recorded, wanted)).state["spec"]).to.include({ replicas: 0 });
  });

  it("tells at a refresh what is not ready any more, and reads it all the same", async () => {
    const name = lab.name("sick");
    const made = await waitsUntil(DEPLOYMENT, workload(name), () => podsOf(name), async () => play((await podsOf(name))[0]!, running));
    await play((await podsOf(name))[0]!, { ...running, conditions: [condition("Ready", "False")] });
    const failure = await poll(async () => {
      const refreshed = await lab.provider.refresh(made).then(() => undefined, (error: unknown) => error as ServiceError);
      return refreshed === undefined ? { done: false, reason: "still fine" } : { done: true, value: refreshed };
    }, { timeoutMs: 20_000, intervalMs: 50 });
    expect(failure.details).to.equal(`Deployment default/${name} is not ready: 0 of 1 pods are available`);
    expect(readInitFailed(failure)?.inputs).to.deep.equal(made.inputs);
  });

  it("waits for a Service until its pods are ready", async () => {
    const name = lab.name("svc");
    await lab.post("/api/v1/nodes", { apiVersion: "v1", kind: "Node", metadata: { name } });
    await lab.post(pods, { apiVersion: "v1", kind: "Pod", metadata: { name, labels: { app: name } }, spec: { ...spec, nodeName: name } });
    await lab.merge(`${pods}/${name}/status`, { status: { ...running, conditions: [condition("Ready", "False")] } });
    const slices = (): Promise<unknown> => poll(async () => {
      const list = await lab.ask({ method: "GET", path: "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices", query: { labelSelector: `kubernetes.io/service-name=${name}` } });
      const [slice] = list["items"] as { endpoints?: unknown[] }[];
      return (slice?.endpoints ?? []).length > 0 ? { done: true, value: slice } : { done: false, reason: "no endpoints" };
    }, { timeoutMs: 20_000, intervalMs: 50 });
    await waitsUntil("kubernetes:core/v1:Service", { metadata: { name }, spec: { selector: { app: name }, ports: [{ port: 80 }] } }, slices, () => lab.merge(`${pods}/${name}/status`, { status: running }));
    await lab.ask({ method: "DELETE", path: `/api/v1/nodes/${name}` });
  });

  const later = (token: string, collection: string, inputs: (name: string) => Properties, status: Properties): void => {
    it(`waits for a ${token.split(":")[2] ?? ""} until it has what it needs`, async () => {
      const name = lab.name("later");
      const path = `${collection}/${name}`;
      const there = (): Promise<unknown> => poll(async () => lab.get(path).then((value) => ({ done: true as const, value }), () => ({ done: false as const, reason: "not there" })), { timeoutMs: 20_000, intervalMs: 20 });
      const made = await waitsUntil(token, inputs(name), there, () => lab.merge(`${path}/status`, { status }));
      expect(made.state["status"]).to.deep.include(status);
    });
  };
  const address = { loadBalancer: { ingress: [{ ip: "10.10.0.50", ipMode: "VIP" }] } };
  later("kubernetes:core/v1:Service", "/api/v1/namespaces/default/services", (name) => ({ metadata: { name }, spec: { type: "LoadBalancer", ports: [{ port: 80 }] } }), address);
  later(
    "kubernetes:networking.k8s.io/v1:Ingress", "/apis/networking.k8s.io/v1/namespaces/default/ingresses",
    (name) => ({ metadata: { name }, spec: { defaultBackend: { service: { name, port: { number: 80 } } } } }), { loadBalancer: { ingress: [{ ip: "10.10.0.50" }] } },
  );

  it("waits for a PersistentVolumeClaim until it is bound", async () => {
    const name = lab.name("claim");
    const claim = { metadata: { name }, spec: { accessModes: ["ReadWriteOnce"], storageClassName: name, resources: { requests: { storage: "1Gi" } } } };
    const volume = {
      metadata: { name }, spec: { capacity: { storage: "1Gi" }, accessModes: ["ReadWriteOnce"], storageClassName: name, hostPath: { path: "/tmp" }, claimRef: { namespace: "default", name } },
    };
    const there = (): Promise<unknown> => poll(async () => lab.get(`/api/v1/namespaces/default/persistentvolumeclaims/${name}`).then((value) => ({ done: true as const, value }), () => ({ done: false as const, reason: "no claim" })), { timeoutMs: 20_000, intervalMs: 20 });
    const bound = await waitsUntil("kubernetes:core/v1:PersistentVolumeClaim", claim, there, async () => {
      await lab.provider.create("kubernetes:core/v1:PersistentVolume", volume);
      // Its controller looks at a claim that changes at once, and otherwise every quarter of a minute.
      await lab.merge(`/api/v1/namespaces/default/persistentvolumeclaims/${name}`, { metadata: { labels: { look: "here" } } });
    });
    expect(bound.state["status"]).to.include({ phase: "Bound" });
  });

  it("waits for what the program names, and nothing else", async () => {
    await haveWidgets(lab);
    const name = lab.name("widget");
    const path = `/apis/example.org/v1/namespaces/default/widgets/${name}`;
    const widget = { apiVersion: "example.org/v1", kind: "Widget", metadata: { name, annotations: { "pulumi.com/waitFor": '["condition=Ready", "jsonpath={.status.phase}=Fine"]' } }, spec: {} };
    const there = (): Promise<unknown> => poll(async () => lab.get(path).then((value) => ({ done: true as const, value }), () => ({ done: false as const, reason: "no widget" })), { timeoutMs: 20_000, intervalMs: 20 });
    await waitsUntil("kubernetes:example.org/v1:Widget", widget, there, async () => {
      await lab.merge(`${path}/status`, { status: { phase: "Fine", conditions: [condition("Ready")] } });
    });
    const skipped = await lab.provider.create(DEPLOYMENT, impatient(workload(lab.name("skipped")), { "pulumi.com/skipAwait": "true" }));
    expect(skipped.id).to.match(/^default\/skipped/);
  });

  /** One of every kind that is waited for and will not come: what is said when the time is over. */
  const never: readonly (readonly [token: string, inputs: (name: string) => Properties, said: RegExp])[] = [
    [DEPLOYMENT, (name) => workload(name), /is not ready after 1 s: 0 of 1 (new pods are made|pods are available)/],
    ["kubernetes:apps/v1:StatefulSet", (name) => workload(name, { serviceName: name }), /is not ready after 1 s: 0 of 1 pods are ready/],
    [POD, (name) => ({ metadata: { name }, spec }), /is not ready after 1 s: .*PodScheduled/],
    ["kubernetes:batch/v1:Job", (name) => ({ metadata: { name }, spec: { suspend: true, template: { spec: { ...spec, restartPolicy: "Never" } } } }), /is not ready after 1 s: it is suspended/],
    ["kubernetes:core/v1:Service", (name) => ({ metadata: { name }, spec: { type: "LoadBalancer", ports: [{ port: 80 }] } }), /is not ready after 1 s: it was given no address/],
    ["kubernetes:networking.k8s.io/v1:Ingress", (name) => ({ metadata: { name }, spec: { defaultBackend: { service: { name, port: { number: 80 } } } } }), /is not ready after 1 s: it was given no address/],
    ["kubernetes:core/v1:PersistentVolumeClaim", (name) => ({ metadata: { name }, spec: { accessModes: ["ReadWriteOnce"], storageClassName: name, resources: { requests: { storage: "1Gi" } } } }), /is not ready after 1 s: it is Pending, storage class/],
    ["kubernetes:core/v1:ReplicationController", (name) => ({ metadata: { name }, spec: { replicas: 1, selector: { app: name }, template: { metadata: { labels: { app: name } }, spec } } }), /is not ready after 1 s: 0 of 1 pods/],
    ["kubernetes:core/v1:Secret", (name) => ({ metadata: { name, annotations: { "kubernetes.io/service-account.name": "nobody" } }, type: "kubernetes.io/service-account-token" }), /was deleted before it was ready|is not ready after 1 s: its token is not there/],
  ];
  it("waits no longer than it may, whatever it waits for, and says for what", async () => {
    const failures = await Promise.all(never.map(([token, inputs]) => failureOf(lab.provider.create(token, impatient(inputs(lab.name("never")))))));
    failures.forEach((failure, index) => expect(failure.details, never[index]![0]).to.match(never[index]![2]));
  });

  it("takes the time that the resource's options give", async () => {
    const { inputs } = await lab.provider.check(DEPLOYMENT, workload(lab.name("never")));
    const request = new messages.CreateRequest().setUrn(urnOf(DEPLOYMENT)).setProperties(toStruct(inputs)).setTimeout(1);
    expect((await failureOf(lab.provider.send<proto.CreateResponse>("create", request))).details).to.include("is not ready after 1 s");
  });

  it("refuses a definition whose names are taken", async () => {
    await haveWidgets(lab);
    const versions = [{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema: { type: "object" } } }];
    const twin = { metadata: { name: "gadgets.example.org" }, spec: { group: "example.org", scope: "Namespaced", names: { plural: "gadgets", kind: "Widget" }, versions } };
    const failure = await failureOf(lab.provider.create("kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition", twin));
    expect(failure.details).to.match(/^CustomResourceDefinition gadgets\.example\.org failed: NamesAccepted is False: \w*KindConflict: "Widget\w*" is already in use/);
  });

  it("ends when it is told to, and leaves what it made on record", async () => {
    const name = lab.name("held");
    const creation = failureOf(lab.provider.create(DEPLOYMENT, workload(name)));
    await podsOf(name);
    await lab.provider.send("cancel", new Empty());
    const failure = await creation;
    expect(failure.details).to.include(`Deployment default/${name}: interrupted: what was waited for may still come about`);
    expect(readInitFailed(failure)?.id).to.equal(`default/${name}`);
  });

  it("waits for a deletion until finalizers let go, and says which do not", async () => {
    const name = lab.name("kept");
    const kept = await lab.provider.create("kubernetes:core/v1:ConfigMap", impatient({ metadata: { name, finalizers: ["example.org/keep"] } }, { "pulumi.com/deletionPropagationPolicy": "background" }));
    const failure = await failureOf(lab.provider.delete(kept));
    expect(failure.details).to.equal(`ConfigMap default/${name} is being deleted and still there after 1 s: it has the finalizers example.org/keep`);
    const path = `/api/v1/namespaces/default/configmaps/${name}`;
    const deletion = lab.provider.delete(kept);
    await lab.merge(path, { metadata: { finalizers: null } });
    await deletion;
    expect(await lab.provider.read(kept.token, kept.id, kept)).to.equal(undefined);
  });

  it("says what holds a namespace up", async () => {
    const name = lab.name("space");
    const space = await lab.provider.create("kubernetes:core/v1:Namespace", impatient({ metadata: { name } }));
    await lab.post(`/api/v1/namespaces/${name}/configmaps`, { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "kept", finalizers: ["example.org/keep"] } });
    const failure = await failureOf(lab.provider.delete(space));
    expect(failure.details).to.match(new RegExp(`^Namespace ${name} is being deleted and still there after 1 s: `));
    await lab.merge(`/api/v1/namespaces/${name}/configmaps/kept`, { metadata: { finalizers: null } });
  });
});

describe("an object that was deleted", () => {
  const place = { kind: { group: "", version: "v1", kind: "ConfigMap" }, namespace: "a", name: "b" };
  const gone = (uids: string[]): Promise<void> => {
    const get = (): Promise<Properties> => Promise.resolve({ metadata: { uid: uids.length > 1 ? uids.shift() : uids[0] } });
    return untilGone("one", "ConfigMap a/b", { cluster: { get } as unknown as Cluster, place, clock: systemClock, signal: new AbortController().signal, timeoutSeconds: 1 });
  };

  it("is gone when another one has its name", () => gone(["one", "two"]));
  it("is not gone before", async () => {
    expect(await gone(["one"]).then(() => "", String)).to.match(/is being deleted and still there after 1 s: nothing tells why/);
  });
});

// What each kind has to say of itself to be ready, to be waited for, or to be given up.

import { expect } from "chai";
import type { Judgement } from "../../../rehearsal/providers/kubernetes/await/judgement.ts";
import { troubles } from "../../../rehearsal/providers/kubernetes/await/pods.ts";
import { RULES, ruleFor, ruleWhenRead } from "../../../rehearsal/providers/kubernetes/await/rules.ts";
import { waitFor } from "../../../rehearsal/providers/kubernetes/await/wait-for.ts";
import type { Cluster } from "../../../rehearsal/providers/kubernetes/cluster.ts";
import { ApiError } from "../../../rehearsal/providers/kubernetes/errors.ts";
import type { Properties } from "../../../rehearsal/providers/values.ts";

/** An object, and what is said of it: nothing where it is ready. */
type Case = readonly [object: Properties, said?: RegExp | undefined, others?: readonly Properties[]];

interface Cases {
  readonly ready: readonly Case[];
  readonly waiting: readonly Case[];
  /** Empty for kinds that never say that all is lost: there the time ends it. */
  readonly failed: readonly Case[];
}

const condition = (type: string, status: string, reason = "", message = ""): Properties => ({ type, status, reason, message });
const latest = { generation: 2 };
const rolled = { observedGeneration: 2, replicas: 2, updatedReplicas: 2, availableReplicas: 2, readyReplicas: 2 };
const available = condition("Available", "True");
const deployment = (status: Properties, spec: Properties = { replicas: 2 }): Properties => ({ metadata: latest, spec, status: { conditions: [available], ...rolled, ...status } });
const statefulSet = (status: Properties, spec: Properties = {}): Properties => ({
  metadata: latest, spec: { replicas: 2, ...spec }, status: { ...rolled, currentRevision: "a", updateRevision: "a", ...status },
});
const counted = { observedGeneration: 2, desiredNumberScheduled: 2, currentNumberScheduled: 2, updatedNumberScheduled: 2, numberAvailable: 2, numberReady: 2 };
const daemonSet = (status: Properties): Properties => ({ metadata: latest, status: { ...counted, ...status } });
const pod = (conditions: readonly Properties[], status: Properties = {}): Properties => ({ status: { phase: "Pending", conditions, ...status } });
const service = (spec: Properties, ingress: readonly Properties[] = []): Properties => ({ metadata: { name: "web", namespace: "a" }, spec, status: { loadBalancer: { ingress } } });
const slice = (...readiness: readonly boolean[]): Properties => ({ endpoints: readiness.map((ready) => ({ conditions: { ready } })) });
const selecting = { selector: { app: "web" } };
const phase = (value: string | undefined, over: Properties = {}): Properties => ({ ...over, status: value === undefined ? {} : { phase: value } });

const cases: Readonly<Record<string, Cases>> = {
  "apps/Deployment": {
    ready: [[deployment({})], [deployment({ replicas: 0, updatedReplicas: 0, availableReplicas: 0 }, { replicas: 0 })]],
    waiting: [
      [deployment({ observedGeneration: 1 }), /has not seen its latest version/],
      [{ metadata: latest, spec: {}, status: {} }, /has not seen/],
      [deployment({ updatedReplicas: 1 }), /^1 of 2 new pods are made$/],
      [deployment({ updatedReplicas: 0, conditions: [condition("ReplicaFailure", "True", "FailedCreate", "quota")] }), /new pods are made; ReplicaFailure is True: FailedCreate: quota/],
      [deployment({ replicas: 3 }), /^1 old pods are still to end$/],
      [deployment({ availableReplicas: 1 }), /^1 of 2 pods are available$/],
      [deployment({ conditions: [condition("Available", "False", "Minimum", "too few")] }), /^Available is False: Minimum: too few$/],
      [deployment({ conditions: [] }), /no condition Available/],
    ],
    failed: [[deployment({ updatedReplicas: 1, conditions: [condition("Progressing", "False", "ProgressDeadlineExceeded", "it is stuck")] }), /ProgressDeadlineExceeded: it is stuck/]],
  },
  "apps/StatefulSet": {
    ready: [
      [statefulSet({})],
      [statefulSet({ updateRevision: "b", updatedReplicas: 0 }, { updateStrategy: { type: "OnDelete" } })],
      [statefulSet({ updateRevision: "b", updatedReplicas: 1 }, { updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition: 1 } } })],
    ],
    waiting: [
      [statefulSet({ observedGeneration: 1 }), /latest version/],
      [statefulSet({ readyReplicas: 1 }), /^1 of 2 pods are ready$/],
      [statefulSet({ replicas: 3 }), /^1 pods are still to end$/],
      [statefulSet({ updateRevision: "b", updatedReplicas: 1 }), /^1 of 2 pods are updated$/],
      [statefulSet({ updateRevision: "b", updatedReplicas: 0 }, { updateStrategy: { rollingUpdate: { partition: 1 } } }), /^0 of 1 pods are updated$/],
    ],
    failed: [],
  },
  "apps/DaemonSet": {
    ready: [[daemonSet({})], [daemonSet({ desiredNumberScheduled: 0, currentNumberScheduled: 0, updatedNumberScheduled: undefined, numberAvailable: undefined, numberReady: 0 })]],
    waiting: [
      [daemonSet({ observedGeneration: 1 }), /latest version/],
      [daemonSet({ desiredNumberScheduled: undefined }), /not counted/],
      [daemonSet({ currentNumberScheduled: 1 }), /^1 of 2 pods are placed$/],
      [daemonSet({ updatedNumberScheduled: 1 }), /^1 of 2 pods are updated$/],
      [daemonSet({ numberAvailable: 1 }), /^1 of 2 pods are available$/],
      [daemonSet({ numberReady: 1 }), /^1 of 2 pods are ready$/],
    ],
    failed: [],
  },
  "batch/Job": {
    ready: [[{ status: { conditions: [condition("Complete", "True")] } }]],
    waiting: [
      [{ status: {} }, /has not started/],
      [{ spec: { suspend: true }, status: {} }, /suspended/],
      [{ status: { startTime: "now", active: 1, failed: 2 } }, /^1 pods run, 0 have succeeded, 2 have failed$/],
      [{ status: { startTime: "now", conditions: [condition("Complete", "False")] } }, /pods run/],
    ],
    failed: [[{ status: { startTime: "now", conditions: [condition("Failed", "True", "BackoffLimitExceeded", "too often")] } }, /Failed is True: BackoffLimitExceeded: too often/]],
  },
  "networking.k8s.io/Ingress": {
    ready: [[{ status: { loadBalancer: { ingress: [{ ip: "10.0.0.1" }] } } }]],
    waiting: [[{ status: { loadBalancer: {} } }, /no address: is there an ingress controller/]],
    failed: [],
  },
  "apiextensions.k8s.io/CustomResourceDefinition": {
    ready: [[{ status: { conditions: [condition("NamesAccepted", "True"), condition("Established", "True")] } }]],
    waiting: [[{}, /no condition Established/], [{ status: { conditions: [condition("Established", "False", "Installing", "wait")] } }, /Installing: wait/]],
    failed: [[{ status: { conditions: [condition("NamesAccepted", "False", "KindConflict", "Widget is taken")] } }, /KindConflict: Widget is taken/]],
  },
  "/Namespace": { ready: [[phase("Active")]], waiting: [[phase(undefined), /not active yet/]], failed: [[phase("Terminating"), /being deleted/]] },
  "/PersistentVolume": { ready: [[phase("Available")], [phase("Bound")]], waiting: [[phase(undefined), /not looked at/], [phase("Pending"), /is Pending/]], failed: [[phase("Failed"), /failed/]] },
  "/PersistentVolumeClaim": {
    ready: [[phase("Bound")], [phase("Pending", { spec: { storageClassName: "late" } }), undefined, [{ volumeBindingMode: "WaitForFirstConsumer" }]]],
    waiting: [
      [phase("Pending", { spec: { storageClassName: "now" } }), /Pending, storage class now/, [{ volumeBindingMode: "Immediate" }]],
      [phase("Pending", { spec: { storageClassName: "missing" } }), /Pending, storage class missing/],
      [phase(undefined), /not looked at yet, without a storage class/],
    ],
    failed: [[phase("Lost"), /Lost/]],
  },
  "/Pod": {
    ready: [[pod(["PodScheduled", "Initialized", "Ready"].map((type) => condition(type, "True")))], [phase("Succeeded")]],
    waiting: [
      [pod([]), /no condition PodScheduled/],
      [pod([condition("PodScheduled", "False", "Unschedulable", "no nodes")]), /PodScheduled is False: Unschedulable: no nodes/],
      [
        pod([condition("PodScheduled", "True"), condition("Initialized", "True"), condition("Ready", "False")], {
          containerStatuses: [{ name: "web", ready: false, state: { waiting: { reason: "ImagePullBackOff", message: "no such image" } } }],
        }),
        /Ready is False; container web: ImagePullBackOff: no such image/,
      ],
    ],
    failed: [
      [{ status: { phase: "Failed", reason: "Evicted", message: "no memory" } }, /it has failed: Evicted: no memory/],
      [{ status: { phase: "Failed", containerStatuses: [{ name: "web", ready: false, state: { terminated: { reason: "Error", exitCode: 3 } } }] } }, /container web: Error: exit code 3/],
    ],
  },
  "/ReplicationController": {
    ready: [[{ metadata: latest, spec: { replicas: 1 }, status: { observedGeneration: 2, availableReplicas: 1 } }]],
    waiting: [[{ metadata: latest, spec: { replicas: 1 }, status: { observedGeneration: 2 } }, /^0 of 1 pods are available$/]],
    failed: [],
  },
  "/ResourceQuota": {
    ready: [[{ spec: { hard: { pods: "3" } }, status: { hard: { pods: "3" } } }]],
    waiting: [[{ spec: { hard: { pods: "3" } }, status: { hard: { pods: "2" } } }, /not in force/], [{ spec: { hard: { pods: "3" } } }, /not in force/]],
    failed: [],
  },
  "/Secret": {
    ready: [[{ type: "Opaque" }], [{ type: "kubernetes.io/service-account-token", data: { token: "x" } }]],
    waiting: [[{ type: "kubernetes.io/service-account-token" }, /token is not there/]],
    failed: [],
  },
  "/Service": {
    ready: [
      [service({})], [service(selecting), undefined, [slice(true, true)]], [service(selecting), undefined, [slice()]],
      [service({ ...selecting, clusterIP: "None" })], [service({ ...selecting, type: "ExternalName" })],
      [service({ type: "LoadBalancer" }, [{ ip: "10.0.0.1" }])],
    ],
    waiting: [
      [service(selecting), /not looked up yet/],
      [service(selecting), /^1 of its pods are not ready$/, [slice(true), slice(false)]],
      [service({ type: "LoadBalancer" }), /no address: is there a load balancer/],
    ],
    failed: [],
  },
};

/** Answers every question with the same objects. */
function answering(others: readonly Properties[] = []): Pick<Cluster, "get" | "list"> {
  const [first] = others;
  return {
    list: () => Promise.resolve(others),
    get: () => (first === undefined ? Promise.reject(new ApiError(404, { reason: "NotFound" }, "GET")) : Promise.resolve(first)),
  };
}

describe("whether an object is ready", () => {
  it("is known of every kind that is waited for", () => {
    expect(Object.keys(cases)).to.have.members(Object.keys(RULES));
    for (const [kind, { ready, waiting }] of Object.entries(cases)) expect(Math.min(ready.length, waiting.length), kind).to.be.greaterThan(0);
  });

  for (const [kind, byJudgement] of Object.entries(cases)) {
    for (const [judgement, list] of Object.entries(byJudgement) as [Judgement["is"], readonly Case[]][]) {
      for (const [object, said, others] of list) {
        it(`${kind}: ${judgement}${said === undefined ? "" : `, ${String(said)}`}`, async () => {
          const found = await RULES[kind]!(object, answering(others));
          expect(found.is).to.equal(judgement);
          if (found.is !== "ready") expect(found.reason).to.match(said!);
        });
      }
    }
  }

  it("is not asked where the program says so, and otherwise where it says what to wait for", async () => {
    const kind = { group: "apps", version: "v1", kind: "Deployment" };
    const annotated = (annotations: Properties): Properties => ({ metadata: { annotations } });
    expect(await ruleFor(kind, annotated({ "pulumi.com/skipAwait": "true" }))).to.equal(undefined);
    expect(await ruleFor(kind, annotated({ "pulumi.com/skipAwait": "true", "pulumi.com/waitFor": "condition=Ready" }))).to.equal(undefined);
    expect(ruleWhenRead(kind, annotated({ "pulumi.com/skipAwait": "true" }))).to.equal(undefined);
    expect(await ruleFor(kind, {})).to.equal(RULES["apps/Deployment"]);
    expect(ruleWhenRead(kind, {})).to.equal(RULES["apps/Deployment"]);
    expect(await ruleFor({ ...kind, group: "example.org" }, {})).to.equal(undefined);
    expect(ruleWhenRead({ group: "", version: "v1", kind: "Namespace" }, {}), "a look only").to.equal(undefined);
    const own = await ruleFor(kind, annotated({ "pulumi.com/waitFor": "condition=Ready" }));
    expect(await own?.({ status: { conditions: [condition("Ready", "True")] } }, answering())).to.deep.equal({ is: "ready" });
  });
});

describe("the annotation pulumi.com/waitFor", () => {
  const object = {
    metadata: { generation: 3 },
    status: { phase: "Running", count: 3, parts: [{ type: "a", ok: false }], conditions: [condition("Synced", "True"), condition("Paused", "False", "Why", "because")] },
  };
  const told: readonly (readonly [annotation: string, is: Judgement["is"], said?: RegExp])[] = [
    ["condition=Synced", "ready"],
    ["condition=synced=true", "ready"],
    ["condition=Paused=False", "ready"],
    ["condition=Paused", "waiting", /Paused is False: Why: because/],
    ["condition=Missing", "waiting", /no condition Missing/],
    ["jsonpath={.status.phase}", "ready"],
    ["jsonpath={.status.phase}=Running", "ready"],
    ["jsonpath={ $.status.count }=3", "ready"],
    ["jsonpath={.status.phase}=Done", "waiting", /'Running', not 'Done'/],
    ["jsonpath={.status.nothing}", "waiting", /nothing at \.status\.nothing/],
    ["jsonpath={.status.conditions[?(@.type=='Synced')].status}=True", "ready"],
    ["jsonpath={.status[?@ == 'Running' || @ == 'Done']}", "ready"],
    ["jsonpath={.status.parts[0].ok}=true", "waiting", /'false', not 'true'/],
    ["jsonpath={.status.parts}=a", "failed", /no single value/],
    ['["condition=Synced", "jsonpath={.status.phase}=Running"]', "ready"],
    ['["condition=Synced", "jsonpath={.status.phase}=Done"]', "waiting", /not 'Done'/],
  ];
  for (const [annotation, is, said] of told) {
    it(`${annotation}: ${is}`, () => {
      const judgement = waitFor(annotation)(object);
      expect(judgement.is).to.equal(is);
      if (judgement.is !== "ready") expect(judgement.reason).to.match(said!);
    });
  }

  it("does not believe what is said of an earlier version", () => {
    const stale = { ...object, status: { ...object.status, observedGeneration: 2 } };
    for (const annotation of ["condition=Synced", "jsonpath={.status.phase}=Running"]) expect(waitFor(annotation)(stale).is).to.equal("waiting");
    const conditions = [{ ...condition("Synced", "True"), observedGeneration: 2 }];
    expect(waitFor("condition=Synced")({ metadata: { generation: 3 }, status: { conditions } }).is).to.equal("waiting");
  });

  for (const wrong of ["Ready", "jsonpath=.status.phase", "jsonpath={.status[}", "[]", '["condition=A", 3]', "[condition=A"]) {
    it(`is refused as '${wrong}'`, () => expect(() => waitFor(wrong)).to.throw("pulumi.com/waitFor"));
  }
});

describe("what holds a pod up", () => {
  it("is told of every container that is not ready, but not that it is being made", () => {
    const status = {
      initContainerStatuses: [{ name: "init", ready: false, state: { terminated: { reason: "Completed" } } }],
      containerStatuses: [
        { name: "new", ready: false, state: { waiting: { reason: "ContainerCreating" } } },
        { name: "broken", ready: false, state: { waiting: { reason: "CrashLoopBackOff", message: "back-off" } }, lastState: { terminated: { reason: "OOMKilled", exitCode: 137 } } },
        { name: "fine", ready: true, state: {} },
      ],
    };
    expect(troubles({ status })).to.deep.equal(["container broken: CrashLoopBackOff: back-off, before that OOMKilled: exit code 137"]);
  });
});

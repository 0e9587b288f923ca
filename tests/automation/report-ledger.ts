import type { LedgerEvent } from "../../automation/ledger.ts";
import type { About } from "../../automation/report/model.ts";
import { rowOfGate, type Registry } from "../../automation/report/registry.ts";

/** Two stages and two gates of the tests' own, so that a new gate changes no golden page. */
export const known: Registry = {
  stages: [
    { name: "network", gates: ["01"] },
    { name: "bastion", gates: ["09"] },
  ],
  rows: [
    rowOfGate({ number: "01", name: "network foundation", checks: [{ id: "01.vpc", title: "one VPC" }, { id: "01.routes", title: "the subnet's routes lead <out>" }] }),
    rowOfGate({ number: "09", name: "GDPR", checks: [{ id: "09.imds", title: "metadata by token" }] }),
    rowOfGate({ number: "09", name: "GDPR, declared", checks: [{ id: "09.plan-encrypted", title: "every declared disk is encrypted" }] }, true),
  ],
};
export const about: About = { environment: "rehearsal", target: "local-world", region: "eu-west-1", timezone: "Europe/Berlin", now: Date.UTC(2026, 10, 22, 18), ledger: ".moonback/rehearsal/ledger.ndjson" };

let second = 0;
export const event = (run: string, over: Partial<LedgerEvent>): LedgerEvent => ({ at: new Date(Date.UTC(2026, 0, 1) + second++ * 1_000).toISOString(), run, kind: "run", status: "started", ...over });
export const stage = (run: string, name: string, status: LedgerEvent["status"], evidence = "done: 1 to create") => event(run, { kind: "stage", stage: name, status, ...(status === "green" ? { evidence, durationMs: 1_000 } : {}) });
export const check = (run: string, id: string, status: LedgerEvent["status"], over: Partial<LedgerEvent> = {}) =>
  event(run, { kind: "check", gate: id.slice(0, 2), check: id, status, via: "stand-in", evidence: `seen ${id} (moto)`, ...(status === "red" ? { error: `${id} is wrong` } : {}), ...over });
export const gate = (run: string, number: string, status: LedgerEvent["status"], over: Partial<LedgerEvent> = {}) => event(run, { kind: "gate", gate: number, status, via: "stand-in", ...over });

/** A whole `up`, proved. */
export function up(run: string, evidence?: string): LedgerEvent[] {
  return [
    event(run, { verb: "up" }),
    stage(run, "network", "started"),
    stage(run, "network", "green", evidence),
    ...["01.vpc", "01.routes"].map((id) => check(run, id, "green", { stage: "network" })),
    gate(run, "01", "green", { stage: "network", durationMs: 100 }),
    stage(run, "bastion", "started"),
    check(run, "09.plan-encrypted", "green", { stage: "bastion", via: "real" }),
    stage(run, "bastion", "green", evidence),
    check(run, "09.imds", "green", { stage: "bastion" }),
    gate(run, "09", "green", { stage: "bastion", durationMs: 100 }),
    event(run, { verb: "up", status: "green", durationMs: 3_000 }),
  ];
}
export const down = (run: string) => [event(run, { verb: "down" }), ...["bastion", "network"].flatMap((name) => [stage(run, name, "started"), stage(run, name, "green", "done: 1 to delete")]), event(run, { verb: "down", status: "green", durationMs: 500 })];
export const looked = (run: string, status: "green" | "red", over: Partial<LedgerEvent> = {}) => [
  event(run, { verb: "gates" }),
  gate(run, "01", "started"),
  check(run, "01.routes", status, over),
  gate(run, "01", status),
  event(run, { verb: "gates", status, durationMs: 10 }),
];

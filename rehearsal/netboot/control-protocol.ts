import { z } from "zod";

/** What may be asked at the room's socket: one line of JSON each. */
export const controlRequest = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("room") }),
  z.object({ kind: z.literal("machines") }),
  z.object({ kind: z.literal("upstream"), host: z.string(), away: z.boolean() }),
  z.object({ kind: z.literal("guest"), machine: z.string(), program: z.string(), argv: z.array(z.string()), directory: z.string(), user: z.string() }),
]);
export type ControlRequest = z.infer<typeof controlRequest>;

export const roomIdentity = z.object({ pid: z.number(), startTime: z.string(), environment: z.string(), vpcCidr: z.string(), endpoint: z.string(), epoch: z.string(), owner: z.string() });
export type RoomIdentity = z.infer<typeof roomIdentity>;

export const machineReports = z.array(
  z.object({
    id: z.string(),
    powered: z.boolean(),
    boot: z.enum(["running", "done", "error"]),
    problems: z.array(z.string()),
    sshListens: z.boolean(),
    services: z.record(z.string(), z.string()),
    node: z.object({ address: z.string(), hostname: z.string().nullable(), stage: z.string(), type: z.string().nullable() }).optional(),
  }),
);

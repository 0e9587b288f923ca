import { z } from "zod";

const address = z.strictObject({ host: z.string(), port: z.number() });

/** What the forward is told. It holds the operator's key, so it is never written anywhere. */
export const forwardPlan = z.strictObject({
  listen: address,
  vpcCidr: z.string(),
  /** Where the bastion's SSH is reached from this machine. */
  ssh: address,
  access: z.strictObject({ host: z.string(), user: z.string(), privateKey: z.string(), hostKey: z.string() }),
  /** How long it waits for somebody to use it before it ends, in milliseconds. */
  idleMs: z.number(),
});
export type ForwardPlan = z.infer<typeof forwardPlan>;

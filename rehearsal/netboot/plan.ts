import { z } from "zod";

/** What the machine room of one environment is told; the caller fills it in, the daemon reads it from a file. */
export const machinesPlan = z.strictObject({
  environment: z.string(),
  vpcCidr: z.string(),
  /** The environment's run data; ours is what lies in `machines/` there. */
  runData: z.string(),
  /** The project directory it belongs to. */
  owner: z.string(),
  /** The AWS emulator. */
  endpoint: z.string(),
  region: z.string(),
  /** The emulator takes any; these say what they are. The AWS SDK leaves a mark of its own on such an object, which is dropped. */
  credentials: z.object({ accessKeyId: z.string(), secretAccessKey: z.string() }),
  /** Paths of the real programs; python is the interpreter that has boto3, talosApi the descriptors of Talos' API. */
  tools: z.strictObject({
    matchbox: z.string(),
    registry: z.string(),
    crane: z.string(),
    python: z.string(),
    talosctl: z.string(),
    talosApi: z.string(),
    etcd: z.string(),
    kubeApiserver: z.string(),
    kubeControllerManager: z.string(),
    kubeScheduler: z.string(),
    kwok: z.string(),
  }),
  /** The life of the emulator whose instances these machines are. */
  epoch: z.string(),
  logFile: z.string(),
});
export type MachinesPlan = Readonly<z.infer<typeof machinesPlan>>;

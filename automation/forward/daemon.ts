// The forward as a process of its own: started by forward.ts with its plan on stdin, it ends when told, or when nobody has used it
// for a while.
import { text } from "node:stream/consumers";
import { errorMessage } from "../../common/errors.ts";
import { bastionSource } from "../../worlds/bastion-source.ts";
import { serveForward } from "../../worlds/forward.ts";
import { forwardPlan } from "./plan.ts";

const { listen, vpcCidr, ssh, access, idleMs } = forwardPlan.parse(JSON.parse(await text(process.stdin)));
const say = (line: string): void => console.log(`${new Date().toISOString()} ${line}`);

const { source, close } = bastionSource({ access: () => Promise.resolve(access), sshAddress: () => ssh, via: "real", by: "the bastion" });
const forward = await serveForward({ listen, vpcCidr, log: say, dial: async (host, port) => (await source.client()).dial(host, port) }).catch((error: unknown) => {
  say(`cannot listen on ${listen.host}:${listen.port}: ${errorMessage(error)}`);
  process.exit(1);
});
say(`listening on ${listen.host}:${listen.port}`);

const end = (why: string): void => {
  say(`ends: ${why}`);
  close();
  void forward.close().then(() => process.exit(0));
};
for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => end(signal));
setInterval(() => {
  if (Date.now() - forward.usedAt() > idleMs) end(`not used for ${idleMs / 60_000} minutes`);
}, 1_000);

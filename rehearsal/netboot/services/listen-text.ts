import type { ServiceContext } from "./service.ts";

/** `address:port` of the guest, to listen on, as the same on this machine. */
export function listenText(context: Pick<ServiceContext, "listenAt" | "spec">, text: string): string {
  const colon = text.lastIndexOf(":");
  const [address, port] = [text.slice(0, colon), Number(text.slice(colon + 1))];
  if (address === "" || !Number.isInteger(port)) {
    throw new Error(`${context.spec.name} listens on "${text}": name the address and the port, so that the rehearsal can listen at their place`);
  }
  const local = context.listenAt(address, port);
  return `${local.host}:${local.port}`;
}

import type { Provider } from "./resource-type.ts";

/** Every package with a stand-in provider. Each is imported only when it is served: two plug-in starts belong to every engine operation. */
export const packages = {
  aws: async () => (await import("./aws/provider.ts")).awsProvider(),
  command: async () => (await import("./command/provider.ts")).commandProvider(),
  kubernetes: async () => (await import("./kubernetes/provider.ts")).kubernetesProvider(),
  tls: async () => (await import("./tls/provider.ts")).tlsProvider(),
} satisfies Record<string, () => Promise<Provider<unknown>>>;

export function isPackage(name: string): name is keyof typeof packages {
  return Object.hasOwn(packages, name);
}

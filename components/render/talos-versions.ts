/** What the nodes run. Kubernetes is the version that this Talos was released with (talos v1.11.5, pkg/machinery/constants). */
export const talosVersions = { talos: "v1.11.5", kubernetes: "1.34.1" } as const;

import { stringify } from "yaml";

/** registry.yml, what all caches have in common. What differs (addresses, upstream, where it keeps what) is each one's environment. */
export function renderRegistry(): string {
  return stringify({
    version: 0.1,
    log: { level: "info" },
    storage: {
      // When the TTL of something is over, the cache must be allowed to drop it.
      delete: { enabled: true },
      filesystem: {},
    },
    http: { debug: { prometheus: { enabled: true } } },
  });
}

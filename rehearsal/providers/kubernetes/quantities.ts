/** Amounts as Kubernetes writes them: `1000m` is `1`, `1Gi` is `1024Mi`. */

const SUFFIXES: Readonly<Record<string, number>> = {
  n: 1e-9, u: 1e-6, m: 1e-3, "": 1, k: 1e3, M: 1e6, G: 1e9, T: 1e12, P: 1e15, E: 1e18,
  Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40, Pi: 2 ** 50, Ei: 2 ** 60,
};

const QUANTITY = /^([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(n|u|m|k|[KMGTPE]i|[MGTPE])?$/;

/** `undefined` for what is no amount. */
export function amountOf(value: unknown): number | undefined {
  if (typeof value === "number") return value;
  const [, number, suffix = ""] = (typeof value === "string" && QUANTITY.exec(value)) || [];
  return number === undefined ? undefined : Number(number) * (SUFFIXES[suffix] ?? 1);
}

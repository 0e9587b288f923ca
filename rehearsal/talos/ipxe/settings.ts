/** A value with the type that it was stored as; addresses of network cards are bytes. */
type Value = { readonly type: string; readonly text: string } | { readonly type: string; readonly number: number } | { readonly type: string; readonly bytes: Buffer };

const integer = /^(u?)int(8|16|32)$/;

/** The settings of one machine (iPXE, core/settings.c): what it is told by its surroundings, and what scripts set. */
export class Settings {
  readonly #values = new Map<string, Value>();

  /** A setting of the surroundings: a text, a number, or bytes. */
  define(name: string, type: string, value: string | number | Buffer): void {
    this.#values.set(name, valueOf(type, value));
  }

  /** `set name[:type] text`; undefined clears. A name that had a type keeps it. */
  store(given: string, text: string | undefined): void {
    const { name, type } = split(given);
    if (text === undefined) this.#values.delete(name);
    else this.#values.set(name, valueOf(type ?? this.#values.get(name)?.type ?? "string", text));
  }

  /** `inc name[:type] [by]`: what is missing or no number counts as zero. */
  increment(given: string, by: number): void {
    const { name, type } = split(given);
    const known = this.#values.get(name);
    const sum = (known === undefined ? 0 : numberOf(known)) + by;
    const numeric = type ?? (known === undefined ? "int32" : known.type);
    this.#values.set(name, valueOf(numeric, integer.test(numeric) ? sum : String(sum)));
  }

  /** Every `${name[:type]}` in a text; one that does not exist is empty. The innermost first: a name may hold another. */
  expand(text: string): string {
    let expanded = text;
    for (let found = innermost(expanded); found !== undefined; found = innermost(expanded)) {
      expanded = found.head + this.get(found.name) + found.tail;
    }
    return expanded;
  }

  get(given: string): string {
    const { name, type } = split(given);
    const value = this.#values.get(name);
    return value === undefined ? "" : formatted(value, type ?? value.type);
  }
}

function innermost(text: string): { head: string; name: string; tail: string } | undefined {
  const first = text.indexOf("${");
  const end = first === -1 ? -1 : text.indexOf("}", first);
  if (end === -1) return undefined;
  const start = text.lastIndexOf("${", end);
  return { head: text.slice(0, start), name: text.slice(start + 2, end), tail: text.slice(end + 1) };
}

/** `net0/mac:hexhyp` is of type hexhyp; `mac` alone is the one card's, and so is `netX/mac`. */
function split(given: string): { name: string; type: string | undefined } {
  const colon = given.indexOf(":");
  const [full, type] = colon === -1 ? [given, undefined] : [given.slice(0, colon), given.slice(colon + 1)];
  return { name: full.replace(/^net[0X]\//, ""), type };
}

function valueOf(type: string, value: string | number | Buffer): Value {
  if (typeof value === "number") return { type, number: wrapped(type, value) };
  if (Buffer.isBuffer(value)) return { type, bytes: value };
  return integer.test(type) ? { type, number: wrapped(type, Number(value) || 0) } : { type, text: value };
}

/** Integers have the width of their type. */
function wrapped(type: string, value: number): number {
  const [, unsigned, bits] = integer.exec(type) ?? [];
  if (bits === undefined) return value;
  return Number(unsigned === "u" ? BigInt.asUintN(Number(bits), BigInt(value)) : BigInt.asIntN(Number(bits), BigInt(value)));
}

function numberOf(value: Value): number {
  if ("number" in value) return value.number;
  return "text" in value ? Math.trunc(Number(value.text)) || 0 : 0;
}

const separators: Readonly<Record<string, string>> = { hex: ":", hexhyp: "-", hexraw: "" };

function formatted(value: Value, type: string): string {
  const [, unsigned] = integer.exec(type) ?? [];
  if (unsigned !== undefined) {
    const number = wrapped(type, numberOf(value));
    return unsigned === "u" && number !== 0 ? `0x${number.toString(16)}` : String(number);
  }
  const separator = separators[type];
  if (separator !== undefined) {
    const bytes = "bytes" in value ? value.bytes : Buffer.from("text" in value ? value.text : String(value.number));
    return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join(separator);
  }
  const text = "text" in value ? value.text : "number" in value ? String(value.number) : formatted(value, "hex");
  return type === "uristring" ? encodeURIComponent(text) : text;
}

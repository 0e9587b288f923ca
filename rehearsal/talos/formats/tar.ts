/** The plain files of a tar archive by path (POSIX ustar, not compressed); throws for another form. */
export function readTar(bytes: Buffer): ReadonlyMap<string, Buffer> {
  const files = new Map<string, Buffer>();
  for (let at = 0; at + 512 <= bytes.length; ) {
    const header = bytes.subarray(at, at + 512);
    if (header.every((byte) => byte === 0)) break;
    if (header.toString("latin1", 257, 262) !== "ustar") throw new Error("the layer is no plain tar archive");
    const text = (from: number, length: number): string => header.toString("utf8", from, from + length).replace(/\0.*$/s, "");
    const size = parseInt(text(124, 12).trim(), 8);
    if (!(size >= 0 && at + 512 + size <= bytes.length)) throw new Error("the layer's tar archive is cut off");
    const prefix = text(345, 155);
    const type = header.toString("latin1", 156, 157);
    if (type === "0" || type === "\0") files.set(`${prefix === "" ? "" : `${prefix}/`}${text(0, 100)}`, bytes.subarray(at + 512, at + 512 + size));
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return files;
}

import { expect } from "chai";
import { cidrContains, firstSlash64, formatCidr, mustParseCidr, parseCidr } from "../../common/cidr.ts";

describe("address ranges", () => {
  for (const [text, family, base, bits] of [
    ["10.10.0.0/16", "ipv4", "10.10.0.0", 16],
    ["0.0.0.0/0", "ipv4", "0.0.0.0", 0],
    ["192.0.2.7/32", "ipv4", "192.0.2.7", 32],
    ["::/0", "ipv6", "::", 0],
    ["::1/128", "ipv6", "::1", 128],
    ["2001:DB8:0::/48", "ipv6", "2001:db8::", 48],
  ] as const) {
    it(`reads ${text}`, () => {
      expect(parseCidr(text)).to.deep.equal({ family, base, bits });
      expect(formatCidr(mustParseCidr(text))).to.equal(`${base}/${bits}`);
    });
  }

  for (const text of ["", "10.10.0.0", "/16", "10.10.0.0/", "10.10.0.0/33", "::/129", "10.10.0.0/-1", "10.10.0/16", "10/16", "010.10.0.0/16", "0x0a.0.0.0/16", "167772160/16", "256.0.0.0/8", "10.0.0.0/8/8", " 10.0.0.0/8", "10.0.0.0/8 ", "ten/8"]) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      expect(parseCidr(text)).to.deep.equal({ problem: "is not an address range (address/bits)" });
      expect(() => mustParseCidr(text)).to.throw(`"${text}" is not an address range`);
    });
  }

  for (const [text, base] of [["10.10.0.1/16", "10.10.0.0"], ["10.10.255.0/16", "10.10.0.0"], ["2001:db8::1/64", "2001:db8::"], ["10.10.0.129/25", "10.10.0.128"]] as const) {
    it(`says where the range of ${text} starts`, () => {
      const bits = Number(text.split("/")[1]);
      expect(parseCidr(text)).to.deep.include({ problem: `has host bits set: the range starts at ${base}` });
      expect(parseCidr(text)).to.have.nested.property("meant.bits", bits);
      expect(() => mustParseCidr(text)).to.throw("host bits");
    });
  }

  for (const [outer, inner, inside] of [
    ["10.10.0.0/16", "10.10.0.0/24", true],
    ["10.10.0.0/16", "10.10.0.0/16", true],
    ["10.10.0.0/16", "10.10.255.240/28", true],
    ["10.10.0.0/16", "10.11.0.0/24", false],
    ["10.10.0.0/24", "10.10.0.0/16", false],
    ["0.0.0.0/0", "::/64", false],
    ["::/0", "10.0.0.0/8", false],
    ["2001:db8::/56", "2001:db8:0:ff::/64", true],
    ["2001:db8::/56", "2001:db8:0:100::/64", false],
  ] as const) {
    it(`${inner} lies ${inside ? "in" : "outside"} ${outer}`, () => {
      expect(cidrContains(outer, inner)).to.equal(inside);
    });
  }

  it("the first /64 of a block starts where the block starts", () => {
    expect(firstSlash64("2001:db8:0:ab00::/56")).to.equal("2001:db8:0:ab00::/64");
    expect(firstSlash64("2001:db8::/64")).to.equal("2001:db8::/64");
  });

  it("there is none in less than a /64, nor in IPv4", () => {
    for (const block of ["2001:db8::/65", "10.10.0.0/16"]) expect(() => firstSlash64(block)).to.throw(`"${block}" is not an IPv6 block`);
    expect(() => firstSlash64("2001:db8::1/56")).to.throw("host bits");
  });
});

import { expect } from "chai";
import { ipv6InSubnet, netmask, vpcResolver } from "../../components/addresses.ts";
import { bastionServices, ports, registryCaches } from "../../components/ports.ts";

describe("addresses", () => {
  it("puts a host part into a /64", () => {
    expect(ipv6InSubnet("2001:db8:1234:ab00::/64", "::100")).to.equal("2001:db8:1234:ab00::100");
    expect(ipv6InSubnet("2001:db8::/64", "::1:2:3:4")).to.equal("2001:db8::1:2:3:4");
    for (const range of ["2001:db8::/56", "10.0.0.0/24", "2001:db8::1/64"]) expect(() => ipv6InSubnet(range, "::100"), range).to.throw(`"${range}"`);
    expect(() => ipv6InSubnet("2001:db8::/64", "1::100")).to.throw('"1::100" is wider');
  });

  it("finds the VPC's resolver", () => {
    for (const [range, resolver] of [["10.10.0.0/16", "10.10.0.2"], ["172.16.240.0/20", "172.16.240.2"], ["10.20.13.128/28", "10.20.13.130"]] as const) {
      expect(vpcResolver(range)).to.equal(resolver);
    }
    expect(() => vpcResolver("2001:db8::/56")).to.throw("not an IPv4 range");
  });

  it("writes masks in four numbers", () => {
    for (const [range, mask] of [["10.10.0.0/24", "255.255.255.0"], ["10.0.0.0/16", "255.255.0.0"], ["10.20.13.128/28", "255.255.255.240"]] as const) expect(netmask(range)).to.equal(mask);
    expect(() => netmask("2001:db8::/64")).to.throw("not an IPv4 range");
  });
});

describe("the table of services", () => {
  it("has the caches in the order of the contract, one port after the other", () => {
    expect(registryCaches.map(({ host, port, metricsPort }) => [host, port, metricsPort])).to.deep.equal([
      ["docker.io", 5050, 5150],
      ["gcr.io", 5051, 5151],
      ["ghcr.io", 5052, 5152],
      ["quay.io", 5053, 5153],
      ["registry.k8s.io", 5054, 5154],
    ]);
  });

  it("opens all caches to the nodes, but neither their metrics nor DHCP and TFTP", () => {
    const open = (port: number) => bastionServices.some(({ fromPort, toPort }) => fromPort <= port && port <= toPort);
    for (const { host, port, metricsPort } of registryCaches) expect([open(port), open(metricsPort)], host).to.deep.equal([true, false]);
    expect([ports.dhcp, ports.tftp].map(open)).to.deep.equal([false, false]);
    expect([ports.dns, ports.matchbox, ports.proxy, ports.kubernetesApi].map(open)).to.deep.equal([true, true, true, true]);
  });
});

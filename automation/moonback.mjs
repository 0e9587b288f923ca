#!/usr/bin/env node
// The one command. Plain JavaScript, so that an old Node gets a sentence instead of a syntax error.
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < 22 || (major === 22 && minor < 18)) {
  console.error(`✗ Node ${process.versions.node} cannot run this: it needs 22.18 or newer.`);
  console.error("  next: `npm ci` brings Node 24 on Linux x86-64 and `npm run <verb>` uses it; elsewhere install Node 24.");
  process.exit(2);
}
// Engine, plugins and emulator talk over loopback, which no proxy reaches.
for (const name of ["no_proxy", "NO_PROXY"]) {
  process.env[name] = [...new Set([...(process.env[name] ?? "").split(","), "localhost", "127.0.0.0/8", "::1"])].filter(Boolean).join(",");
}
const { enableCompileCache } = await import("node:module");
enableCompileCache();
const { main } = await import("./cli.ts");
await main(process.argv.slice(2));

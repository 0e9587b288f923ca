// The one-way rules between rooms (docs/architecture.md). tests/guard-rails plants a violation of each and wants it found.
const rooms = ["common", "components", "stacks", "gates", "worlds", "toolchain", "rehearsal", "automation", "lab", "tests"];

/** A room may import the rooms named and itself; nothing else of ours. */
const mayImport = (room, allowed, comment) => ({
  name: `${room}-imports`,
  comment,
  severity: "error",
  from: { path: `^${room}/` },
  to: { path: `^(${rooms.filter((other) => other !== room && !allowed.includes(other)).join("|")})/` },
});

module.exports = {
  forbidden: [
    mayImport("common", [], "common knows nothing of the product"),
    mayImport("components", ["common"], "components are told what they need; they never read settings or the world"),
    mayImport("stacks", ["common", "components"], "stacks wire settings to components"),
    mayImport("gates", ["common", "components", "stacks"], "gates observe; they know the settings and ask sources that they are given"),
    mayImport("worlds", ["common", "gates", "stacks"], "a world is what gates and engine ask"),
    mayImport("toolchain", ["common"], "the toolchain installs programs and knows nothing of what they are for"),
    mayImport("rehearsal", ["common", "gates", "stacks", "toolchain", "worlds"], "the local world is a world; it knows no verb"),
    mayImport("lab", ["common", "components", "toolchain"], "the lab runs what the bundle says, with real programs; it knows no world"),
    {
      name: "the-lab-is-known-to-its-tests-only",
      comment: "the product does not need it",
      severity: "error",
      from: { pathNot: "^(lab|tests)/" },
      to: { path: "^lab/" },
    },
    {
      name: "rehearsal-is-known-to-the-composition-root-only",
      comment: "only automation/session.ts decides which world it is",
      severity: "error",
      from: { path: "^automation/", pathNot: "^automation/session\\.ts$" },
      to: { path: "^rehearsal/" },
    },
    {
      name: "gates-know-settings-not-programs",
      comment: "a gate that shares code with the program it proves, proves nothing",
      severity: "error",
      from: { path: "^gates/" },
      to: { path: "^(stacks|components)/", pathNot: "^(stacks/(config|project|settings|variants)|components/(ports|render/talos-versions))\\.ts$" },
    },
    {
      name: "components-touch-nothing",
      comment: "no files, processes or network in components",
      severity: "error",
      from: { path: "^components/" },
      to: { dependencyTypes: ["core"] },
    },
    {
      name: "no-tests-in-the-product",
      severity: "error",
      from: { pathNot: "^(tests/|[^/]+\\.config\\.js$)" },
      to: { dependencyTypes: ["npm-dev"] },
    },
    {
      name: "no-circles",
      comment: "types may refer to each other; code may not",
      severity: "error",
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
    { name: "not-to-unresolvable", severity: "error", from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "^\\.moonback/" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: `${__dirname}/tsconfig.json` },
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "node", "default"], mainFields: ["main"] },
  },
};

/** The Pulumi project: the name in Pulumi.yaml, the namespace of its settings, and the value of the `project` tag. */
export const project = "moon-and-back";

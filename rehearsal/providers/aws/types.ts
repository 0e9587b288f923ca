import type { ProviderFunction, ResourceType } from "../resource-type.ts";
import type { Aws } from "./clients.ts";
import { flowLog } from "./flow-log.ts";
import { getAmi } from "./get-ami.ts";
import { getInstances } from "./get-instances.ts";
import { group } from "./group.ts";
import { role, rolePolicy } from "./iam.ts";
import { instanceProfile } from "./instance-profile.ts";
import { internetGateway } from "./internet-gateway.ts";
import { launchTemplate } from "./launch-template.ts";
import { logGroup } from "./log-group.ts";
import { networkInterface } from "./network-interface.ts";
import { parameter } from "./parameter.ts";
import { routeTable, routeTableAssociation } from "./route-table.ts";
import { schedule } from "./schedule.ts";
import { defaultSecurityGroup, securityGroup } from "./security-group.ts";
import { subnet } from "./subnet.ts";
import { vpc } from "./vpc.ts";

/** Every type the stand-in aws provider knows. A type that is not here fails every preview that uses it. */
export const awsTypes: readonly ResourceType<Aws>[] = [
  vpc,
  subnet,
  internetGateway,
  routeTable,
  routeTableAssociation,
  defaultSecurityGroup,
  securityGroup,
  logGroup,
  role,
  rolePolicy,
  flowLog,
  networkInterface,
  instanceProfile,
  parameter,
  launchTemplate,
  group,
  schedule,
];

/** Every function the stand-in aws provider knows. */
export const awsFunctions: readonly ProviderFunction<Aws>[] = [getAmi, getInstances];

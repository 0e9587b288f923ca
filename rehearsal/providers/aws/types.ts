import type { ResourceType } from "../resource-type.ts";
import type { Aws } from "./clients.ts";
import { flowLog } from "./flow-log.ts";
import { role, rolePolicy } from "./iam.ts";
import { internetGateway } from "./internet-gateway.ts";
import { logGroup } from "./log-group.ts";
import { routeTable, routeTableAssociation } from "./route-table.ts";
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
];

import type { Image } from "@aws-sdk/client-ec2";
import { UserError } from "../../../common/errors.ts";
import { blocks } from "../blocks.ts";
import { flag, text, textList, textSet } from "../kinds.ts";
import type { ProviderFunction } from "../resource-type.ts";
import type { Properties } from "../values.ts";
import { given } from "./aws-type.ts";
import type { Aws } from "./clients.ts";
import { tagMap } from "./tags.ts";

/** A filter as the program writes it. */
export interface Filter {
  readonly name: string;
  readonly values: readonly string[];
}

export const filtersKind = blocks("filters", { name: { kind: text, required: true }, values: { kind: textList, required: true } });

export function toAwsFilters(filters: readonly Filter[]) {
  return filters.map(({ name, values }) => ({ Name: name, Values: [...values] }));
}

interface Wanted {
  readonly owners: readonly string[];
  readonly filters: readonly Filter[];
  readonly mostRecent: boolean;
  readonly region?: string;
}

export const getAmi: ProviderFunction<Aws> = {
  token: "aws:ec2/getAmi:getAmi",
  calls: ["ec2:DescribeImages"],
  inputs: {
    owners: { kind: textSet, required: "without it anybody's image may be found" },
    filters: { kind: filtersKind, default: [] },
    mostRecent: { kind: flag, default: false },
    region: { kind: text },
  },
  outputs: [
    "architecture", "arn", "bootMode", "creationDate", "deprecationTime", "description", "enaSupport", "filters", "hypervisor", "id", "imageId",
    "imageLocation", "imageOwnerAlias", "imageType", "imdsSupport", "mostRecent", "name", "ownerId", "owners", "platformDetails", "public", "region",
    "rootDeviceName", "rootDeviceType", "rootSnapshotId", "state", "tags", "usageOperation", "virtualizationType",
  ],

  async call(aws, inputs) {
    // The table has been checked.
    const wanted = inputs as unknown as Wanted;
    const filters = toAwsFilters(wanted.filters);
    const { Images = [] } = await aws.ec2.describeImages({ Owners: [...wanted.owners], ...(filters.length > 0 ? { Filters: filters } : {}) });
    const image = Images.length > 1 && wanted.mostRecent ? newest(Images) : Images[0];
    if (!image) throw new UserError(`no image is there of ${asked(wanted)}`);
    if (Images.length > 1 && !wanted.mostRecent) {
      const names = Images.map(({ Name, ImageId }) => Name ?? ImageId).sort().slice(0, 5).join(", ");
      throw new UserError(`${String(Images.length)} images are there of ${asked(wanted)}: ${names}${Images.length > 5 ? ", …" : ""}. Ask more narrowly, or for mostRecent`);
    }
    return { ...inputs, ...outputsOf(aws, image) };
  },
};

function asked({ owners, filters }: Wanted): string {
  const of = filters.map(({ name, values }) => `${name} ${values.join(" or ")}`);
  return [`owner ${owners.join(" or ")}`, ...of].join(" with ");
}

function newest(images: readonly Image[]): Image | undefined {
  const date = (image: Image): string => image.CreationDate ?? "";
  return [...images].sort((a, b) => (date(a) < date(b) ? 1 : -1))[0];
}

/** The outputs under the official names; what AWS does not say is an empty text there too. */
function outputsOf(aws: Aws, image: Image): Properties {
  const id = given(image.ImageId, "an image id");
  const root = image.BlockDeviceMappings?.find((mapping) => mapping.DeviceName === image.RootDeviceName);
  return {
    id,
    imageId: id,
    arn: `arn:aws:ec2:${aws.region}::image/${id}`,
    architecture: image.Architecture ?? "",
    bootMode: image.BootMode ?? "",
    creationDate: image.CreationDate ?? "",
    deprecationTime: image.DeprecationTime ?? "",
    description: image.Description ?? "",
    enaSupport: image.EnaSupport ?? false,
    hypervisor: image.Hypervisor ?? "",
    imageLocation: image.ImageLocation ?? "",
    imageOwnerAlias: image.ImageOwnerAlias ?? "",
    imageType: image.ImageType ?? "",
    imdsSupport: image.ImdsSupport ?? "",
    name: image.Name ?? "",
    ownerId: image.OwnerId ?? "",
    platformDetails: image.PlatformDetails ?? "",
    public: image.Public ?? false,
    region: aws.region,
    rootDeviceName: image.RootDeviceName ?? "",
    rootDeviceType: image.RootDeviceType ?? "",
    rootSnapshotId: root?.Ebs?.SnapshotId ?? "",
    state: image.State ?? "",
    tags: tagMap(image.Tags),
    usageOperation: image.UsageOperation ?? "",
    virtualizationType: image.VirtualizationType ?? "",
  };
}

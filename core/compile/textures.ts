/**
 * Which values live in textures instead of buffers. llvmpipe loads from a buffer lane by lane: a million floats take
 * 0.8 ms, through a storage texture 0.2. They take 0.65 ms to store in a buffer, 0.95 in a texture, 0.35 to copy over.
 */

import { fitTextures } from "../ops/row_block.ts";
import { type AdapterTraits, type Tensor, TEXTURE_PITCH } from "../tensor.ts";
import { BINDINGS, type Group } from "./groups.ts";
import { withoutViews } from "./reads.ts";
import { rowKindOf, widthOf } from "./rows.ts";
import { sharedBufferOf, startOf, wholeOf } from "./together.ts";

/** Loads of a kernel from which a copy of a value into a texture pays. */
const MANY_LOADS = 2 ** 15;
/** Elements of a value that fills a row of a texture. */
const LARGE = 4 * TEXTURE_PITCH;

/** Whether a kernel that loads this many elements of a value had better do so from a texture. */
export function isBetterInTexture(node: Tensor, loads: number, adapter: AdapterTraits): boolean {
  return loads >= MANY_LOADS && canBeInTexture(node, adapter);
}

/** Whether this adapter has use for textures, as many as a kernel binds, and the value fits one. */
function canBeInTexture(node: Tensor, adapter: AdapterTraits): boolean {
  // A value in a texture cannot be bound in another way, so a kernel must be able to bind as many of them as buffers.
  return adapter.software && adapter.maxStorageTextures >= BINDINGS.most && node.dtype === "f32" &&
    fitTextures(adapter, node.size);
}

/** Where an operand is in a texture: that of the whole buffer for a variable that shares one, from some texel on. */
export function placeInTexture(node: Tensor, adapter: AdapterTraits): { node: Tensor; base: number } {
  const buffer = sharedBufferOf(node);
  if (buffer === undefined || !fitTextures(adapter, buffer.size)) return { node, base: 0 };
  return { node: wholeOf(buffer), base: startOf(node) / 4 };
}

/** Values that are stored in a texture and nowhere else: `buffered` ones are not, nor what some kernel needs in a buffer. */
export function chooseTextures(
  groups: readonly Group[],
  { stored, buffered, adapter }: { stored: ReadonlySet<Tensor>; buffered: ReadonlySet<Tensor>; adapter: AdapterTraits },
): Set<Tensor> {
  const bound = new Set(groups.flatMap(({ anchor }) => anchor?.op.kernel ? buffersOf(anchor, adapter) : []));
  const chosen = groups.flatMap((group) =>
    group.members.filter((member) =>
      stored.has(member) && !buffered.has(member) && !bound.has(member) && member.size >= LARGE &&
      storesByFours(group, member, adapter) && canBeInTexture(member, adapter)
    )
  );
  return new Set(chosen);
}

/** Operands that a shader reads from buffers. */
function buffersOf(anchor: Tensor, adapter: AdapterTraits): Tensor[] {
  const [kernel] = [anchor.op.kernel!(anchor, adapter)].flat();
  return anchor.inputs.filter((_, i) => kernel.operands[i] === "buffer").map(withoutViews);
}

/** Whether a kernel stores four elements of a member at once, a texel. */
function storesByFours({ anchor, rows, members: [first] }: Group, member: Tensor, adapter: AdapterTraits): boolean {
  if (rows !== undefined) return rowKindOf(member, rows) === "vector" && widthOf(member.size / rows, rows) === 4;
  if (anchor?.op.kernel) return [anchor.op.kernel(anchor, adapter)].flat().every(({ width }) => width === 4);
  if (!anchor) return first.size % 4 === 0;
  const isLong = (axis: number) => anchor.inputs[0].shape[axis] > 1;
  const innermost = anchor.inputs[0].shape.findLastIndex((_, axis) => isLong(axis));
  return !(anchor.attributes.axes as number[]).includes(innermost) && anchor.size % 4 === 0;
}

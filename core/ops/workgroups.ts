/** How many workgroups a dispatch has in each dimension. */

/** Workgroups in one dimension of a dispatch. */
const MOST_WORKGROUPS = 65535;

/** Workgroups in x and y, since one dimension may not hold them all; a few at the end of the last row may be too many. */
export function fold(count: number): [x: number, y: number, z: number] {
  const y = Math.ceil(count / MOST_WORKGROUPS);
  return [Math.ceil(count / y), y, 1];
}
